/** The built page, read once into memory: only names that were there at the start are ever served, so no path leads anywhere else. */
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>
  readonly type: string
  /** Its name changes with its content. */
  readonly immutable: boolean
}

/** Where the build puts the page, seen from the sources and from the built package. */
export const builtPage: string = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/dashboard/page/' : './page/', import.meta.url),
)

/** By path: `/` is index.html. Empty when the page was not built. */
export async function readPage(folder: string = builtPage): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>()
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  for (const name of names) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const path = `/${name.replaceAll(sep, '/')}`
    const body = new Uint8Array(await readFile(join(folder, name)))
    files.set(path === '/index.html' ? '/' : path, { body, type, immutable: /-[\w-]{8,}\.\w+$/.test(name) })
  }
  return files.has('/') ? files : new Map()
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}
