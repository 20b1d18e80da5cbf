#ifndef TASK_H
#define TASK_H
typedef struct tskTaskControlBlock *TaskHandle_t;
BaseType_t xTaskCreatePinnedToCore(void (*)(void *), const char *name, uint32_t stack, void *, UBaseType_t priority,
                                   TaskHandle_t *, BaseType_t core);
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t);
#endif
