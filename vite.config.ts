/**
 * The dashboard's page, built into the package: one document, one script, one style sheet, nothing inline and nothing from another host, so
 * that the server can forbid everything else (`default-src 'none'; script-src 'self'; style-src 'self'`).
 */
import { join } from 'node:path'
import { defineConfig } from 'vite'

export default defineConfig({
  root: join(import.meta.dirname, 'src/dashboard/page'),
  base: './',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, 'dist/dashboard/page'),
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
})
