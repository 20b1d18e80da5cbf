/* Stands for what ESP-IDF's configuration makes: tests/devices/test_espidf.py gives the settings on the command line.
 *
 * The headers in this folder declare what the port uses of ESP-IDF 5.3, so that it can be compiled without one. */
