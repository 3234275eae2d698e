/* How lwIP is built for millrace: TCP clients over IPv4, one thread, memory of ours. dataplane/net does Ethernet, ARP, ICMP, IGMP and UDP.
 * lwIP's files and tcp_lwip.c see this, nothing else. */
#ifndef MR_TCP_LWIPOPTS_H
#define MR_TCP_LWIPOPTS_H

#include <stdint.h>

/* No threads, no locks, no timers of its own: tcp_tmr is called by us. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_TIMERS 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define TCP_TMR_INTERVAL 50 /* ms: retransmission is timed in steps of twice that */

/* What is not needed. */
#define LWIP_IPV6 0
#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_ICMP 0
#define LWIP_RAW 0
#define LWIP_UDP 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define LWIP_IGMP 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define IP_FORWARD 0
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_HAVE_LOOPIF 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_NETIF_API 0
#define MEMP_NUM_TCP_PCB_LISTEN 0
#define LWIP_STATS 0 /* each segment is counted by us, in exactly one place; lwIP's counters overlap */

/* Sizes come from the config: mem_*, memp_* are ours (tcp_lwip.c), mem.c and memp.c are not built. */
#define MEM_ALIGNMENT 8
#define MEM_LIBC_MALLOC 1
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_LINK_HLEN 0 /* Ethernet is written by dataplane/net */
#define PBUF_LINK_ENCAPSULATION_HLEN 0

/* TCP. The window is the config's, up to 1 MiB, hence no constant. LWIP_DISABLE_TCP_SANITY_CHECKS: they compare the window with a pool that
 * zero-copy receiving does not use. */
#define LWIP_TCP 1
#define TCP_MSS 1460 /* less where the link's MTU is less */
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 5
#define TCP_WND                                                                                                        \
    (mr_lwip_window ? mr_lwip_window : 1u << 20) /* to the preprocessor's checks a name is 0: they see 1 MiB */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
#define TCP_WND_UPDATE_THRESHOLD UINT32_MAX /* windows are opened at mr_tcp_flush, with the data's acknowledgement */
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_TIMESTAMPS 0
#define TCP_LISTEN_BACKLOG 0
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_BYTES_LIMIT(pcb) (mr_lwip_window)
#define TCP_OOSEQ_PBUFS_LIMIT(pcb) (mr_lwip_out_of_order_max)
#define TCP_SND_BUF 65535
#define TCP_SND_QUEUELEN 128 /* segments a connection that wait or are not acknowledged */
#define TCP_SNDLOWAT 2048
#define TCP_SNDQUEUELOWAT 8
#define TCP_OVERSIZE 0 /* small sends leave at once (no Nagle): room to grow them would be wasted */
#define TCP_MAXRTX                                                                                                     \
    12 /* then the connection has timed out: some four minutes; a session gives up on silence long before */
#define TCP_SYNMAXRTX 12 /* never reached: mr_tcp_housekeep sends a SYN again, and lwIP's count stays at 0 */
#define TCP_MSL 15000UL  /* half the time that our last FIN is waited for */

/* Checksums of received packets were verified before lwIP sees them (mr_net_take, mr_tcp_take); those of sent ones: TCP's by lwIP, IP's
 * by our output function. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY 0
#define CHECKSUM_CHECK_IP 0
#define CHECKSUM_CHECK_TCP 0
#define CHECKSUM_GEN_IP 0

/* Initial sequence numbers are RFC 6528's. */
uint32_t mr_lwip_hook_isn(uint32_t local_ip, uint16_t local_port, uint32_t remote_ip, uint16_t remote_port);
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port)                                                \
    mr_lwip_hook_isn((local_ip)->addr, local_port, (remote_ip)->addr, remote_port)

#endif
