/** What a LAN channel has carried, as Get IP/UDP/RMCP Statistics tells it. IPMI 2.0 rev 1.1, section 23.4. */

export class LanStatistics {
  /** Datagrams. */
  received = 0
  /** Of those, RMCP messages. */
  rmcpReceived = 0
  transmitted = 0

  clear(): void {
    this.received = 0
    this.rmcpReceived = 0
    this.transmitted = 0
  }
}
