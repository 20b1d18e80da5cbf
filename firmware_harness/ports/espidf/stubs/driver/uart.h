#include "esp_err.h"
#include "freertos/FreeRTOS.h"
typedef enum { UART_NUM_0 } uart_port_t;
typedef struct QueueDefinition *QueueHandle_t;
enum { UART_DATA_8_BITS = 3, UART_PARITY_DISABLE = 0, UART_STOP_BITS_1 = 1, UART_HW_FLOWCTRL_DISABLE = 0, UART_SCLK_DEFAULT = 4 };
#define UART_PIN_NO_CHANGE (-1)
typedef struct {
    int baud_rate, data_bits, parity, stop_bits, flow_ctrl;
    uint8_t rx_flow_ctrl_thresh;
    int source_clk;
} uart_config_t;
esp_err_t uart_driver_install(uart_port_t, int rx, int tx, int queue, QueueHandle_t *, int flags);
esp_err_t uart_param_config(uart_port_t, const uart_config_t *);
esp_err_t uart_set_pin(uart_port_t, int tx, int rx, int rts, int cts);
esp_err_t uart_get_buffered_data_len(uart_port_t, size_t *);
int uart_read_bytes(uart_port_t, void *, uint32_t bytes, TickType_t);
int uart_write_bytes(uart_port_t, const void *, size_t bytes);
