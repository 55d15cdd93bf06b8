/** A gateway in a process of its own, so that its memory is measured without that of its clients and backends. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openTestGateway, type TestGatewayOptions } from '../support/gateway.ts'

export interface GatewayProcess {
  readonly port: number
  /** Units: bytes. */
  rss(): Promise<number>
  /** Bytes from its clients and backends so far. */
  received(): Promise<number>
  /** Ends it with whatever is in it. */
  kill(): void
  /** Asserts that nothing is left, as that of a test gateway does. */
  close(): Promise<void>
}

/** `options` have to be such as JSON can hold. */
export async function startGatewayProcess(options: TestGatewayOptions): Promise<GatewayProcess> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], { execArgv: ['--expose-gc'] })
  const exit = once(child, 'exit') as Promise<[number | null]>
  const heard = async (): Promise<number> => {
    const message = await Promise.race([once(child, 'message'), exit.then(() => undefined)])
    if (message === undefined) throw new Error('the gateway has ended')
    return message[0] as number
  }
  const port = await heard()
  return {
    port,
    rss: () => {
      child.send('rss')
      return heard()
    },
    received: () => {
      child.send('received')
      return heard()
    },
    kill: () => child.kill('SIGKILL'),
    close: async () => {
      child.send('close')
      const [code] = await exit
      if (code !== 0) throw new Error(`the gateway ended with ${code}`)
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const gateway = await openTestGateway(JSON.parse(process.argv[2] ?? '{}') as TestGatewayOptions)
  process.on('message', async (message) => {
    if (message === 'rss') {
      globalThis.gc?.()
      process.send?.(process.memoryUsage.rss())
      return
    }
    if (message === 'received') {
      process.send?.(gateway.front.door.registry.status.Bytes_received)
      return
    }
    await gateway.close()
    process.exit(0)
  })
  process.on('disconnect', () => process.exit(1))
  process.send?.(gateway.port)
}
