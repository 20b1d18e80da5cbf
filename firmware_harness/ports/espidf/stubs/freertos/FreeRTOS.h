#ifndef FREERTOS_H
#define FREERTOS_H
#include <stdint.h>
#include "sdkconfig.h"
typedef uint32_t TickType_t;
typedef int BaseType_t;
typedef unsigned UBaseType_t;
#define pdPASS 1
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
#if CONFIG_IDF_TARGET_ESP32C3 || CONFIG_IDF_TARGET_ESP32C6
#define portNUM_PROCESSORS 1
#else
#define portNUM_PROCESSORS 2
#endif
#endif
