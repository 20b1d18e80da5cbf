#include <stdbool.h>
#include <stddef.h>
#include "esp_err.h"
typedef struct i2s_channel_obj_t *i2s_chan_handle_t;
typedef struct {
    void *dma_buf;
    size_t size;
} i2s_event_data_t;
typedef bool (*i2s_isr_callback_t)(i2s_chan_handle_t, i2s_event_data_t *, void *);
typedef struct {
    i2s_isr_callback_t on_recv, on_recv_q_ovf, on_sent, on_send_q_ovf;
} i2s_event_callbacks_t;
typedef enum { I2S_NUM_0 } i2s_port_t;
typedef enum { I2S_ROLE_MASTER } i2s_role_t;
typedef enum { I2S_STD_SLOT_LEFT = 1 } i2s_std_slot_mask_t;
typedef enum { I2S_DATA_BIT_WIDTH_32BIT = 32 } i2s_data_bit_width_t;
typedef enum { I2S_SLOT_MODE_MONO = 1 } i2s_slot_mode_t;
typedef struct {
    i2s_port_t id;
    i2s_role_t role;
    uint32_t dma_desc_num, dma_frame_num;
} i2s_chan_config_t;
typedef struct {
    struct {
        uint32_t sample_rate_hz;
    } clk_cfg;
    struct {
        i2s_data_bit_width_t data_bit_width;
        i2s_slot_mode_t slot_mode;
        i2s_std_slot_mask_t slot_mask;
    } slot_cfg;
    struct {
        int mclk, bclk, ws, dout, din;
    } gpio_cfg;
} i2s_std_config_t;
#define I2S_GPIO_UNUSED (-1)
#define I2S_CHANNEL_DEFAULT_CONFIG(i2s_num, i2s_role) {.id = i2s_num, .role = i2s_role, .dma_desc_num = 6, .dma_frame_num = 240}
#define I2S_STD_CLK_DEFAULT_CONFIG(rate) {.sample_rate_hz = rate}
#define I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(bits, mode) {.data_bit_width = bits, .slot_mode = mode, .slot_mask = I2S_STD_SLOT_LEFT}
esp_err_t i2s_new_channel(const i2s_chan_config_t *, i2s_chan_handle_t *tx, i2s_chan_handle_t *rx);
esp_err_t i2s_channel_init_std_mode(i2s_chan_handle_t, const i2s_std_config_t *);
esp_err_t i2s_channel_register_event_callback(i2s_chan_handle_t, const i2s_event_callbacks_t *, void *);
esp_err_t i2s_channel_enable(i2s_chan_handle_t);
esp_err_t i2s_channel_disable(i2s_chan_handle_t);
esp_err_t i2s_channel_read(i2s_chan_handle_t, void *, size_t bytes, size_t *read, uint32_t timeout_ms);
