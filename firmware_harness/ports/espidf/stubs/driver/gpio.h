#include "esp_err.h"
typedef int gpio_num_t;
typedef enum { GPIO_PULLDOWN_ONLY = 1 } gpio_pull_mode_t;
esp_err_t gpio_set_pull_mode(gpio_num_t, gpio_pull_mode_t);
