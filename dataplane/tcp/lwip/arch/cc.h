/* lwIP's idea of this machine. */
#ifndef MR_TCP_ARCH_CC_H
#define MR_TCP_ARCH_CC_H

#include <endian.h>
#include <stdint.h>

#if BYTE_ORDER == LITTLE_ENDIAN /* one instruction each; lwIP's are calls */
#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)
#endif

/* Set before the first packet, constant while the stack is open. */
extern uint32_t mr_lwip_window;
extern uint16_t mr_lwip_out_of_order_max;

uint32_t mr_lwip_random(void);
#define LWIP_RAND() mr_lwip_random()

/* Four bytes at a time and the same on every alignment; lwIP's own reads 16-bit words at odd places. */
uint16_t mr_lwip_sum(const void *data, int len);
#define LWIP_CHKSUM mr_lwip_sum

/* lwIP's own assertions stay on: what breaks them is our mistake or lwIP's, and stopping beats trading on nonsense. */
_Noreturn void mr_panic(const char *file, int line, const char *what);
#define LWIP_PLATFORM_ASSERT(what) mr_panic(__FILE__, __LINE__, what)
#define LWIP_PLATFORM_DIAG(what)

#endif
