import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { scratch } from '../../../test/support/cli.ts'

const hasScript = spawnSync('script', ['--version']).status === 0

/** Runs these lines at a terminal, and types each answer when its question is seen. */
async function atTerminal(lines: string, redirection: string, answers: Readonly<Record<string, string>>) {
  using directory = scratch()
  const asking = join(directory.path, 'ask.ts')
  const module = JSON.stringify(join(import.meta.dirname, 'password-prompt.ts'))
  writeFileSync(
    asking,
    `import { openPrompt } from ${module}\nconst prompt = openPrompt('a file')\n${lines}\nprompt.close()\n`,
  )
  const command = `'${process.execPath}' '${asking}' ${redirection}`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { timeout: 60_000 })
  let shown = ''
  const waiting = new Map(Object.entries(answers))
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    for (const [question, answer] of waiting) {
      if (!shown.includes(question)) continue
      waiting.delete(question)
      terminal.stdin.write(answer)
    }
  })
  const [code] = await once(terminal, 'close')
  return { code, shown }
}

describe('openPrompt', () => {
  const skip = !hasScript && 'there is no script(1)'
  for (const redirection of ['', '</dev/null', '>&2']) {
    it(`hides a secret and shows the rest at the terminal${redirection && `, with ${redirection}`}`, {
      skip,
    }, async () => {
      const lines = `const secret = await prompt.ask('Secret: ')
        const code = await prompt.ask('Code: ', 'shown')
        console.log([secret.length, code.length].join(' '))`
      const answers = { 'Secret: ': 'geheim\r', 'Code: ': '123456\r' }
      const { code, shown } = await atTerminal(lines, redirection, answers)
      assert.equal(code, 0, shown)
      assert.doesNotMatch(shown, /geheim/)
      assert.match(shown, /123456/)
      assert.match(shown, /6 6/)
    })
  }

  it('fails when the person leaves instead of answering', { skip }, async () => {
    for (const key of ['\x03', '\x04']) {
      const { code, shown } = await atTerminal("await prompt.ask('Secret: ')", '', { 'Secret: ': key })
      assert.equal(code, 1)
      assert.match(shown, /ConfigurationError: no password was given/)
    }
  })

  it('names what else there is when there is no terminal', () => {
    const module = join(import.meta.dirname, 'password-prompt.ts')
    const program = `import { openPrompt } from ${JSON.stringify(module)}; openPrompt('a file')`
    // A session of its own has no terminal, wherever this test runs.
    const { status, stderr } = spawnSync('setsid', ['-w', process.execPath, '--input-type=module', '-e', program], {
      encoding: 'utf8',
      input: '',
    })
    assert.equal(status, 1)
    assert.match(stderr, /there is no terminal to ask for the password: use a file/)
  })
})
