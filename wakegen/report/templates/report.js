"use strict";
for (const clip of document.querySelectorAll(".clip")) {
  const audio = clip.querySelector("audio");
  const cursor = clip.querySelector(".cursor");
  if (!audio || !cursor) continue;
  const seconds = Number(clip.dataset.seconds);
  const follow = () => {
    const x = Number(cursor.dataset.left) + Number(cursor.dataset.width) * Math.min(1, audio.currentTime / seconds);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    if (!audio.paused) requestAnimationFrame(follow);
  };
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    cursor.style.visibility = "visible";
    follow();
  });
  audio.addEventListener("seeked", follow);
}
const opened = [];
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) { part.open = true; opened.push(part); }
});
addEventListener("afterprint", () => { while (opened.length) opened.pop().open = false; });
