/**
 * Where in a frame the IP packet begins, by the kind of network that it was captured on.
 *
 * Spec: https://www.tcpdump.org/linktypes.html
 */

/** No IP packet is in the frame, or not one of a kind that is read here. */
export const NOT_IP = -1
/** The capture ends before the IP packet begins. */
export const CUT_OFF = -2

const ETHERNET = 1
const names: Readonly<Record<number, string>> = {
  0: 'BSD loopback',
  1: 'Ethernet',
  9: 'PPP',
  12: 'raw IP',
  14: 'raw IP',
  101: 'raw IP',
  104: 'Cisco HDLC',
  105: 'IEEE 802.11',
  108: 'OpenBSD loopback',
  113: 'Linux cooked v1',
  127: 'IEEE 802.11 with radiotap',
  147: 'private use',
  187: 'Bluetooth HCI',
  189: 'Linux USB',
  195: 'IEEE 802.15.4',
  220: 'Linux USB',
  228: 'raw IPv4',
  229: 'raw IPv6',
  239: 'Linux netfilter log',
  249: 'USBPcap',
  252: 'Wireshark upper PDU',
  253: 'Linux netlink',
  276: 'Linux cooked v2',
}
const READ = new Set([0, ETHERNET, 12, 14, 101, 108, 113, 228, 229, 276])

export function readsLinkType(linkType: number): boolean {
  return READ.has(linkType)
}

/** For people: `link type 105 (IEEE 802.11)`. */
export function linkTypeName(linkType: number): string {
  const name = names[linkType]
  return name === undefined ? `link type ${linkType}` : `link type ${linkType} (${name})`
}

/** Offset of the IP header in `view`, or `NOT_IP`, or `CUT_OFF`. The frame lies between `start` and `end`. */
export function ipPacketAt(linkType: number, view: DataView, start: number, end: number): number {
  switch (linkType) {
    case ETHERNET:
      return behindEtherType(view, start + 12, start + 14, end)
    case 113:
      return behindEtherType(view, start + 14, start + 16, end)
    case 276:
      return behindEtherType(view, start, start + 20, end)
    case 0:
    case 108:
      return behindFamily(view, start, end)
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      return start
    default:
      return NOT_IP
  }
}

function behindEtherType(view: DataView, typeAt: number, behind: number, end: number): number {
  if (behind > end) return CUT_OFF
  let type = view.getUint16(typeAt)
  let at = behind
  while (type === VLAN || type === QINQ || type === QINQ_BEFORE_IT_WAS_A_STANDARD) {
    if (at + 4 > end) return CUT_OFF
    type = view.getUint16(at + 2)
    at += 4
  }
  return type === IPV4 || type === IPV6 ? at : NOT_IP
}

/** The family is in the byte order of the machine that captured: its small number is at one end or at the other. */
function behindFamily(view: DataView, start: number, end: number): number {
  if (start + 4 > end) return CUT_OFF
  const family = view.getUint8(start) || view.getUint8(start + 3)
  return family === AF_INET || AF_INET6.includes(family) ? start + 4 : NOT_IP
}

const IPV4 = 0x0800
const IPV6 = 0x86dd
const VLAN = 0x8100
const QINQ = 0x88a8
const QINQ_BEFORE_IT_WAS_A_STANDARD = 0x9100
const AF_INET = 2
/** Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS. */
const AF_INET6 = [10, 23, 24, 28, 30]
