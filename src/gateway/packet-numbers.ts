/**
 * Sequence ids across two legs of which only the backend's is compressed. Inside compressed packets the ids of packets go by how they were
 * compressed, and nobody looks at them; a client without compression does, and expects each to follow the one before.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html#sect_protocol_basic_packets_sequence_id
 */
export class PacketNumbers {
  readonly #up = new Walker()
  readonly #down = new Walker()
  #next = 0

  /** Bytes from the client: the answer goes on from their ids. */
  follow(bytes: Uint8Array): void {
    this.#up.walk(bytes, (at) => {
      this.#next = ((bytes[at] as number) + 1) & 0xff
    })
  }

  /** Bytes of an answer, in which the ids are put right. */
  renumber(bytes: Uint8Array): void {
    this.#down.walk(bytes, (at) => {
      bytes[at] = this.#next
      this.#next = (this.#next + 1) & 0xff
    })
  }
}

/** Finds the sequence id of each frame, however the bytes are cut. */
class Walker {
  /** Of the payload, that are still to come. */
  #left = 0
  /** Bytes of the header that are there, and the length as far as they tell it. */
  #header = 0
  #length = 0

  walk(bytes: Uint8Array, onId: (at: number) => void): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#left > 0) {
        const used = Math.min(this.#left, bytes.length - at)
        this.#left -= used
        at += used
      } else if (this.#header < 3) {
        this.#length |= (bytes[at++] as number) << (8 * this.#header++)
      } else {
        onId(at++)
        this.#left = this.#length
        this.#header = 0
        this.#length = 0
      }
    }
  }
}
