/**
 * A DNS server on loopback whose answers the test writes: one script per question, over UDP, and over TCP for answers that
 * do not fit. Shares no code with any resolver.
 *
 * Spec: https://www.rfc-editor.org/rfc/rfc1035
 */
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, isIPv4, type Socket } from 'node:net'

export type DnsType = 'A' | 'AAAA' | 'PTR' | 'CNAME'

/** Records of an answer (addresses for A and AAAA, names for PTR and CNAME), or how the question fails. */
export type DnsAnswer =
  | { readonly ttl?: number; readonly type?: DnsType; readonly records: readonly string[] }
  | 'NXDOMAIN'
  | 'NODATA'
  | 'SERVFAIL'
  | 'silence'

export interface DnsServer {
  /** `address:port`, as `Resolver#setServers` takes it. */
  readonly address: string
  /** Question ('A www.example.com') -> its answer; a question without one is answered NXDOMAIN. */
  readonly answers: Map<string, DnsAnswer>
  /** The questions that came, in order, repeats included. */
  readonly questions: string[]
  /** Resolves when the number of questions reaches `count`. */
  asked(count: number): Promise<void>
  close(): Promise<void>
}

export async function startDnsServer(): Promise<DnsServer> {
  const answers = new Map<string, DnsAnswer>()
  const questions: string[] = []
  const waiting = new Set<() => void>()
  const sockets = new Set<Socket>()

  const reply = (query: Buffer, maxBytes: number): Buffer | undefined => {
    const question = readQuestion(query)
    questions.push(question)
    for (const check of waiting) check()
    const answer = answers.get(question) ?? 'NXDOMAIN'
    if (answer === 'silence') return undefined
    const whole = message(query, answer, question)
    return whole.length <= maxBytes ? whole : message(query, 'truncated', question)
  }

  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0)
        const bytes = reply(received.subarray(2, end), 0xffff)
        received = received.subarray(end)
        if (bytes === undefined) continue
        const length = Buffer.alloc(2)
        length.writeUInt16BE(bytes.length)
        socket.write(Buffer.concat([length, bytes]))
      }
    })
  })
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo

  const udp = createSocket('udp4')
  udp.on('message', (query: Buffer, from: RemoteInfo) => {
    const bytes = reply(query, 512)
    if (bytes !== undefined) udp.send(bytes, from.port, from.address)
  })
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')

  return {
    address: `127.0.0.1:${port}`,
    answers,
    questions,
    asked: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (questions.length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await Promise.all([new Promise((done) => tcp.close(done)), new Promise<void>((done) => udp.close(done))])
    },
  }
}

function readQuestion(query: Buffer): string {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const code = query.readUInt16BE(at + 1)
  const type = Object.entries(typeCodes).find(([, known]) => known === code)?.[0] ?? `TYPE${code}`
  // A resolver may mix upper and lower case into its questions.
  return `${type} ${labels.join('.').toLowerCase()}`
}

function message(query: Buffer, answer: Exclude<DnsAnswer, 'silence'> | 'truncated', question: string): Buffer {
  let questionEnd = 12
  while (query.readUInt8(questionEnd) > 0) questionEnd += 1 + query.readUInt8(questionEnd)
  questionEnd += 5
  const records = typeof answer === 'string' ? [] : answer.records
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8580 | (answer === 'truncated' ? 0x0200 : 0) | (responseCodes[String(answer)] ?? 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  const body = records.map((data) => {
    const { ttl = 60, type = question.split(' ')[0] as DnsType } = answer as Exclude<DnsAnswer, string>
    const bytes = recordData(type, data)
    const head = Buffer.alloc(12)
    head.writeUInt16BE(0xc00c, 0)
    head.writeUInt16BE(typeCodes[type], 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt32BE(ttl, 6)
    head.writeUInt16BE(bytes.length, 10)
    return Buffer.concat([head, bytes])
  })
  return Buffer.concat([header, query.subarray(12, questionEnd), ...body])
}

function recordData(type: DnsType, data: string): Buffer {
  if (type === 'A') {
    if (!isIPv4(data)) throw new Error(`not an IPv4 address: ${data}`)
    return Buffer.from(data.split('.').map(Number))
  }
  if (type === 'AAAA') {
    const [head = '', tail = ''] = data.split('::')
    const [first, last] = [head, tail].map((part) => (part === '' ? [] : part.split(':')))
    const zeros = Array(8 - first!.length - last!.length).fill('0')
    const bytes = Buffer.alloc(16)
    for (const [index, group] of [...first!, ...zeros, ...last!].entries()) {
      bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2)
    }
    return bytes
  }
  const labels = data === '' ? [] : data.split('.')
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ])
}

const typeCodes: Record<DnsType, number> = { A: 1, CNAME: 5, PTR: 12, AAAA: 28 }

const responseCodes: Record<string, number> = { SERVFAIL: 2, NXDOMAIN: 3 }
