/** Loaded into a server that is measured: tells whoever asks how much of its heap is in use once all that is dead is gone. */
process.on('message', () => {
  globalThis.gc?.()
  process.send?.(process.memoryUsage().heapUsed)
})
process.channel?.unref()
