#include "port.h"

#include "sdkconfig.h"

#if CONFIG_WAKEGEN_MICROPHONE

#include <math.h>

#include "driver/gpio.h"
#include "driver/i2s_std.h"
#include "esp_attr.h"

#define PIECE 128u
#define LEVEL_SAMPLES (PORT_RATE_HZ / 4u)
/* An INMP441 gives zeros for 2^18 clocks, which at 64 a sample is 256 ms. */
#define START_SAMPLES (PORT_RATE_HZ * 3u / 10u)
#define WAIT_MS 1000u

static i2s_chan_handle_t channel;
static volatile uint32_t lost; /* pieces that came while nobody read */
static uint8_t running;

static bool IRAM_ATTR overflowed(i2s_chan_handle_t which, i2s_event_data_t *event, void *context) {
    (void)which, (void)event, (void)context;
    lost++;
    return false;
}

static int32_t open_channel(void) {
    i2s_chan_config_t config = I2S_CHANNEL_DEFAULT_CONFIG(I2S_NUM_0, I2S_ROLE_MASTER);
    config.dma_desc_num = 8; /* 128 ms, while frames are sent */
    config.dma_frame_num = 256;
    i2s_std_config_t wires = {
        .clk_cfg = I2S_STD_CLK_DEFAULT_CONFIG(PORT_RATE_HZ),
        .slot_cfg = I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(I2S_DATA_BIT_WIDTH_32BIT, I2S_SLOT_MODE_MONO),
        .gpio_cfg = {.mclk = I2S_GPIO_UNUSED,
                     .bclk = CONFIG_WAKEGEN_I2S_BCLK,
                     .ws = CONFIG_WAKEGEN_I2S_WS,
                     .dout = I2S_GPIO_UNUSED,
                     .din = CONFIG_WAKEGEN_I2S_DIN},
    };
    wires.slot_cfg.slot_mask = I2S_STD_SLOT_LEFT; /* L/R to ground */
    const i2s_event_callbacks_t callbacks = {.on_recv_q_ovf = overflowed};
    if (i2s_new_channel(&config, NULL, &channel) != ESP_OK) return -1;
    if (i2s_channel_init_std_mode(channel, &wires) != ESP_OK) return -1;
    /* It lets go of the line in the other slot; and a line that nobody holds must not look like sound. */
    gpio_set_pull_mode(CONFIG_WAKEGEN_I2S_DIN, GPIO_PULLDOWN_ONLY);
    return i2s_channel_register_event_callback(channel, &callbacks, NULL) == ESP_OK ? 0 : -1;
}

/* 24 bits, shifted up to 32 by the microphone. */
static int16_t sample(int32_t raw) {
    const int32_t value = raw >> (16 - CONFIG_WAKEGEN_GAIN_BITS);
    return (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
}

static int32_t take(int16_t *pcm, uint32_t samples) {
    int32_t raw[PIECE];
    while (samples) {
        const uint32_t count = samples < PIECE ? samples : PIECE;
        size_t got = 0;
        if (i2s_channel_read(channel, raw, count * sizeof *raw, &got, WAIT_MS) != ESP_OK) return -1;
        const uint32_t came = (uint32_t)(got / sizeof *raw);
        for (uint32_t i = 0; pcm && i < came; i++) *pcm++ = sample(raw[i]);
        samples -= came;
    }
    return 0;
}

static int32_t start(void) {
    if (running) return 0;
    if (i2s_channel_enable(channel) != ESP_OK) return -1;
    running = 1;
    const int32_t status = take(NULL, START_SAMPLES);
    lost = 0;
    return status;
}

void port_microphone_rest(void) {
    if (running) i2s_channel_disable(channel);
    running = 0;
}

/* Sound with a gap is none: the host would take it for whole. */
int32_t port_microphone_capture(void *self, int16_t *pcm, uint32_t samples) {
    (void)self;
    const int32_t status = start() < 0 || take(pcm, samples) < 0 || lost ? -1 : 0;
    if (status < 0) port_microphone_rest();
    return status;
}

port_level port_microphone_begin(void) {
    if (open_channel() < 0) return (port_level){0};
    int16_t pcm[PIECE];
    int64_t sum = 0, squares = 0;
    for (uint32_t i = 0; i < LEVEL_SAMPLES; i += PIECE) {
        if (port_microphone_capture(NULL, pcm, PIECE) < 0) return (port_level){0};
        for (uint32_t j = 0; j < PIECE; j++) sum += pcm[j], squares += pcm[j] * pcm[j];
    }
    port_microphone_rest();
    const int64_t count = (LEVEL_SAMPLES + PIECE - 1) / PIECE * PIECE, spread = count * squares - sum * sum; /* count^2 times the power */
    const int32_t offset = (int32_t)(sum / count);
    if (!spread) return (port_level){.offset = offset};
    const float power = (float)spread / ((float)count * (float)count * 32768.0f * 32768.0f);
    /* AES17: a sine of full scale, whose power is 1/2, is 0 dBFS. */
    return (port_level){(int32_t)(10000.0f * log10f(2.0f * power)), offset, 1};
}

#else

port_level port_microphone_begin(void) { return (port_level){0}; }
int32_t port_microphone_capture(void *self, int16_t *pcm, uint32_t samples) {
    (void)self, (void)pcm, (void)samples;
    return -1;
}
void port_microphone_rest(void) {}

#endif
