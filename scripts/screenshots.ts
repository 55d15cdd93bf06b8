/**
 * `node scripts/screenshots.ts [DIRECTORY]`: the pictures of the dashboard, docs/images unless another directory is given. Five minutes of a
 * lively door, so that its charts have something to show: real clients, each in the network that its proxy says, some of them wrong.
 */
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { hostileNames, password, Scene, type Via } from '../test/peers/dashboard-scene.ts'
import { startBrowser, visit } from '../test/support/browser.ts'

const lastsMs = 290_000
const directory = process.argv[2] ?? join(import.meta.dirname, '../docs/images')

await using scene = await Scene.open({
  settings: [
    ...['connect_timeout=30', 'saltgate_stranger_patience=4000', 'max_connect_errors=20'],
    'proxy_protocol_networks=127.0.0.1',
  ],
  deadlineMs: lastsMs + 120_000,
})
const root = await scene.root()
for (const user of hostileNames) await root.query("DROP USER ?@'%'", [user])
await root.end()

const [office, shop, reports, health, scanner, ...far] = await Promise.all([
  network('10.0.1.17', 0),
  network('10.0.4.8', 30),
  network('10.0.3.20', 20),
  network('10.0.9.4', 0),
  network('198.51.100.23', 90),
  ...[250, 400, 700].map((delayMs, i) => network(`10.8.${i}.${40 + i}`, delayMs)),
])
const startMs = performance.now()
const timers = [
  ...Array.from({ length: 90 }, (_, i) =>
    keep(i % 3 === 0 ? () => scene.mariadb(shop) : () => scene.mysql2({ via: office })),
  ),
  each(250, () => pass(far[Math.floor(Math.random() * far.length)])),
  each(400, () => wave(30_000) > 0.4 && pass()),
  each(4000, () => scene.mysql2({ via: reports, user: 'report', password: `${password}\n` })),
  each(6000, () => scene.mysql2({ via: office, user: 'report', database: 'payroll' })),
  each(9000, () => scene.mysql2({ via: reports, user: 'gone' })),
  each(150, () => wave(96_000) > 0.93 && scene.mysql2({ via: scanner, user: 'admin', password: 'admin' })),
  each(6000, () => scene.scanned(health)),
  each(11_000, () => scene.silent(far[1])),
  each(17_000, () => scene.halfHello(office)),
  each(23_000, () =>
    scene.mysql2({ via: far[0] ?? office, user: 'old', authPlugins: { mysql_native_password: silence } }),
  ),
]
console.log(`the door is open at ${scene.url}; its pictures are taken in ${lastsMs / 1000} s`)
await pause(lastsMs)

await mkdir(directory, { recursive: true })
await using browser = await startBrowser()
const { groups } = await scene.refusals()
const newline = groups.find(({ findings }) => findings.some(([what]) => what.includes('newline')))
for (const [name, colorScheme, width, height, ...parts] of [
  ['now-light', 'light', 1280, 800, 'now'],
  ['now-dark', 'dark', 1280, 800, 'now'],
  ['time-dark', 'dark', 1280, 800, 'time'],
  ['refusals-light', 'light', 1280, 720, 'refusals', `handshake/${newline?.handshakes[0]}`],
  ['hosts-light', 'light', 1280, 800, 'hosts'],
  ['phone-dark', 'dark', 390, 844, 'now'],
] as const) {
  await using here = await visit(browser, scene.url, { colorScheme, viewport: { width, height } })
  await here.page.getByText('live', { exact: true }).waitFor()
  for (const part of parts) await here.page.evaluate(`location.hash = '#/${part}'`)
  // Refusals are seen in their lanes for twelve seconds.
  await pause(10_000)
  await here.page.screenshot({ path: join(directory, `dashboard-${name}.png`) })
}
for (const timer of timers) clearInterval(timer)

/** A network whose proxy tells the door who comes, and which is so far away: each word takes that long. */
async function network(address: string, delayMs: number): Promise<Via> {
  const server = createServer((client) => {
    const door = connect(scene.port, '127.0.0.1')
    door.write(`PROXY TCP4 ${address} 10.0.0.1 ${client.remotePort ?? 1024} 3306\r\n`)
    forward(client, door, delayMs)
    forward(door, client, delayMs)
  })
  server.unref().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port }
}

function forward(from: Socket, to: Socket, delayMs: number): void {
  from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), delayMs))
  from.on('error', () => {})
  from.on('close', () => setTimeout(() => to.destroy(), delayMs))
}

function each(everyMs: number, come: () => unknown): NodeJS.Timeout {
  return setInterval(async () => {
    try {
      await come()
    } catch {
      // Refused, as it should be.
    }
  }, everyMs)
}

/** A plugin of mysql2 that never answers. */
function silence() {
  return () => new Promise<never>(() => {})
}

/** From 0 to 1 and back. */
function wave(periodMs: number): number {
  return 0.5 - 0.5 * Math.cos(((performance.now() - startMs) / periodMs) * 2 * Math.PI)
}

/** Comes, asks something and goes. */
async function pass(via: Via = office): Promise<void> {
  const session = await scene.mysql2({ via })
  await session.query('SELECT 1')
  await session.end()
}

/** A place of a pool, in use or not as the time goes. */
function keep(come: () => Promise<{ end(): Promise<unknown> }>): NodeJS.Timeout {
  let session: { end(): Promise<unknown> } | undefined
  const threshold = Math.random()
  return each(1500 + 2000 * Math.random(), async () => {
    const wanted = 0.3 + 0.7 * wave(140_000) > threshold
    if (wanted === (session !== undefined)) return
    const before = session
    session = wanted ? await come() : undefined
    await before?.end()
  })
}
