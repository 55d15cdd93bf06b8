import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { type ScriptedAnswer, ScriptedSession } from '../../../test/support/scripted-session.ts'
import { Completion } from './completion.ts'
import { continuationPrompt, promptText } from './prompt.ts'
import { runShell, type ShellOptions } from './shell.ts'

const answers: Readonly<Record<string, ScriptedAnswer | readonly ScriptedAnswer[]>> = {
  'select 1': { columns: ['1'], rows: [[1n]] },
  'select\n1': { columns: ['1'], rows: [[1n]] },
  'insert into t': { affectedRows: 2n, warnings: 1, info: 'Records: 2  Duplicates: 0  Warnings: 1' },
  'select sleep(20)': 'hangs',
  'select deaf()': 'hangs for ever',
  'SHOW TABLES': { columns: ['Tables_in_t'], rows: [['orders'], ['order_items'], ['bad\x1b']] },
  'SELECT USER(), DATABASE()': { columns: ['USER()', 'DATABASE()'], rows: [['root@localhost', null]] },
  "SHOW GLOBAL STATUS LIKE 'Uptime'": { columns: ['Variable_name', 'Value'], rows: [['Uptime', '196']] },
  'SHOW WARNINGS': { columns: ['Level', 'Code', 'Message'], rows: [['Note', 1, 'hm']] },
  "HELP 'select'": { columns: ['name'], rows: [[1n]] },
}

/** A person at a terminal that is none. */
class Person {
  readonly session = new ScriptedSession(answers)
  readonly left: Promise<void>
  readonly #input = new PassThrough()
  readonly #output = new PassThrough()
  #seen = ''
  #read = 0

  constructor(options: Partial<ShellOptions> = {}) {
    this.#output.on('data', (chunk) => {
      this.#seen += stripVTControlCharacters(chunk.toString())
    })
    const streams = { input: this.#input, output: this.#output, errors: this.#output }
    this.left = runShell({
      session: this.session,
      ...streams,
      format: 'table',
      footers: true,
      terminal: true,
      ...options,
    })
  }

  type(keys: string): void {
    this.#input.write(keys)
  }

  /** Resolves with what was shown since the last time, up to and with `text`. */
  async sees(text: string): Promise<string> {
    for (;;) {
      const found = this.#seen.indexOf(text, this.#read)
      if (found >= 0) {
        const shown = this.#seen.slice(this.#read, found + text.length)
        this.#read = found + text.length
        return shown.replace(/\r/g, '').replace(/\d\.\d{3} sec/g, '0.000 sec')
      }
      await once(this.#output, 'data')
    }
  }

  /** Types a line, and resolves when the server was asked. */
  async asks(sql: string): Promise<void> {
    this.type(`${sql};\r`)
    await this.sees(`${sql};\r\n`)
    while (this.session.asked.at(-1) !== sql) await setImmediate()
  }

  /** What a line makes the shell show, up to the next prompt. */
  async says(line: string, prompt = ']> '): Promise<string> {
    this.type(`${line}\r`)
    await this.sees(`${line}\r\n`)
    return (await this.sees(prompt)).slice(0, -prompt.length)
  }
}

async function atPrompt(options: Partial<ShellOptions> = {}): Promise<Person> {
  const person = new Person(options)
  await person.sees(']> ')
  return person
}

function scratch() {
  const path = mkdtempSync(join(tmpdir(), 'saltgate-shell-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

describe('runShell', { timeout: 20_000 }, () => {
  it('greets, answers, and says goodbye at Ctrl-D', async () => {
    const person = new Person()
    assert.equal(
      await person.sees(']> '),
      `\
Connected to 9.7.4 as root, connection 15. Statements end with ; or \\g; \\h helps, \\q leaves.

saltgate [(none)]> `,
    )
    assert.equal(
      await person.says('select 1;', 'saltgate [(none)]> '),
      '+---+\n| 1 |\n+---+\n| 1 |\n+---+\n1 row in set (0.000 sec)\n\n',
    )
    person.type('\x04')
    await person.sees('\nBye\n')
    await person.left
  })

  it('prints what the mysql client prints of a change, and of its warnings when they are wanted', async () => {
    const person = await atPrompt()
    const ok = `\
Query OK, 2 rows affected, 1 warning (0.000 sec)
Records: 2  Duplicates: 0  Warnings: 1

saltgate [(none)`
    assert.equal(await person.says('insert into t;'), ok)
    assert.match(await person.says('warnings'), /^Show warnings enabled\.\n/)
    assert.match(await person.says('insert into t;'), /Warnings: 1\n\nNote \(Code 1\): hm\n/)
    person.type('\\q\r')
    await person.sees('Bye\n')
    await person.left
  })

  it('asks for more until a statement is complete, and goes on after errors', async () => {
    const person = await atPrompt()
    person.type("selct\r'a\r';\r")
    await person.sees('    -> ')
    await person.sees("    '> ")
    assert.match(await person.sees("near 'selct\n'a\n'' at line 1\n"), /ERROR 1064 \(42000\): You have/)
    await person.sees(']> ')
    assert.match(await person.says(';'), /ERROR: No query specified\n\n/)
    assert.match(await person.says('\\z'), /ERROR: Unknown command '\\z'\.\n/)
    assert.match(await person.says('\\! ls'), /ERROR: the command 'system' is not offered/)
    person.type('quit\r')
    await person.left
  })

  it('changes the database, and learns the names of its tables for the Tab key', async () => {
    const person = await atPrompt()
    assert.equal(await person.says('use t'), 'Database changed\nsaltgate [t')
    assert.match(await person.says('use nodb'), /^ERROR 1049 \(42000\): Unknown database 'nodb'\n/)
    person.type('select * from order_i\t')
    await person.sees('order_items')
    person.type(';\r')
    await person.sees('\n')
    await person.sees(']> ')
    assert.equal(person.session.asked.at(-1), 'select * from order_items')
    person.type('\x04')
    await person.left
  })

  it('ends the statement that runs at Ctrl-C, and the shell at the second when the server is deaf', async () => {
    const person = await atPrompt()
    await person.asks('select sleep(20)')
    person.type('\x03')
    assert.match(await person.sees(']> '), /^ERROR: the statement was ended\n/)
    await person.asks('select deaf()')
    person.type('\x03\x03')
    await person.sees('Bye\n')
    await person.left
  })

  it('forgets at Ctrl-C what was being typed', async () => {
    const person = await atPrompt()
    person.type("select '\r")
    await person.sees("    '> ")
    person.type('abc\x03')
    assert.match(await person.sees(']> '), /\^C\nsaltgate \[\(none\)\]> $/)
    await person.says('select 1;')
    assert.deepEqual(person.session.asked, ['select 1'])
    person.type('\x04')
    await person.left
  })

  it('offers statements of several lines as one entry, now and in the next session, but no passwords', async () => {
    using directory = scratch()
    const historyFile = join(directory.path, 'history')
    const first = await atPrompt({ historyFile })
    first.type('select\r1;\r')
    await first.sees('1 row in set')
    await first.sees(']> ')
    first.type("set password = 'x';\r")
    await first.sees(']> ')
    first.type('\x1b[A\r')
    await first.sees('1 row in set')
    first.type('\x04')
    await first.left
    assert.deepEqual(first.session.asked, ['select\n1', "set password = 'x'", 'select\n1'])
    assert.equal(readFileSync(historyFile, 'utf8'), 'select\\n1;\n')
    const second = await atPrompt({ historyFile })
    second.type('\x1b[A\r')
    await second.sees('1 row in set')
    second.type('\x04')
    await second.left
    assert.deepEqual(second.session.asked, ['select\n1'])
  })

  it('shows the state of the connection', async () => {
    const person = await atPrompt()
    assert.equal(
      await person.says('status'),
      `\
--------------
Connection id:\t\t15
Current database:\t
Current user:\t\troot@localhost
SSL:\t\t\tCipher in use is TLS_AES_128_GCM_SHA256, TLSv1.3
Using outfile:\t\t''
Using delimiter:\t;
Server version:\t\t9.7.4
Protocol version:\t10
Connection:\t\t127.0.0.1 via TCP/IP
TCP port:\t\t3306
Uptime:\t\t\t3 min 16 sec
--------------

saltgate [(none)`,
    )
    person.type('\x04')
    await person.left
  })

  it('connects anew on request, and by itself when the connection was lost', async () => {
    const person = await atPrompt()
    assert.equal(
      await person.says('connect t db2'),
      'Connection id:    16\nCurrent database: *** NONE ***\n\nsaltgate [(none)',
    )
    person.session.facts = { ...person.session.facts, connected: false }
    assert.match(
      await person.says('select 1;'),
      /^No connection\. Trying to reconnect\.\.\.\nConnection id: {4}17\nCurrent database: \*\*\* NONE \*\*\*\n\n\+---/,
    )
    await person.says('resetconnection')
    assert.deepEqual(person.session.asked, [
      'reconnect {"database":"t","host":"db2"}',
      'reconnect {}',
      'select 1',
      'reset',
    ])
    person.type('\x04')
    await person.left
  })

  it('writes what is seen to the end of a file', async () => {
    using directory = scratch()
    const file = join(directory.path, 'out')
    writeFileSync(file, 'before\n')
    const person = await atPrompt()
    assert.match(await person.says(`tee ${file}`), /^Logging to file '.*'\n/)
    await person.says('select 1;')
    assert.match(await person.says('notee'), /^Outfile disabled\.\n/)
    await person.says('select 1;')
    person.type('\x04')
    await person.left
    const text = readFileSync(file, 'utf8')
    assert.match(text, /^before\nLogging.*\nsaltgate \[\(none\)\]> select 1;\n\+---\+\n/)
    assert.equal(text.match(/1 row in set/g)?.length, 1)
  })

  it('changes its prompt and back', async () => {
    const person = await atPrompt()
    person.type('prompt \\u@\\h [\\d] \\c>\\_\r')
    await person.sees('root@127.0.0.1 [(none)] 1> ')
    person.type('prompt\r')
    await person.sees('saltgate [(none)]> ')
    person.type('\x04')
    await person.left
  })

  it('lists its commands, and asks the server about SQL', async () => {
    const person = await atPrompt()
    assert.match(await person.says('help'), / {2}use database {13}\\u {2}Change the database\.\n/)
    assert.match(await person.says('help select'), /1\. row \*+\nname: 1\n/)
    person.type('\x04')
    await person.left
  })

  it('runs all lines that were pasted, in order', async () => {
    const person = await atPrompt()
    person.type('select 1; insert into t;\rselect\r1;\r\x04')
    await person.left
    assert.deepEqual(person.session.asked, ['select 1', 'insert into t', 'select\n1'])
  })
})

describe('promptText', () => {
  it('does not let a server drive the terminal', () => {
    const facts = { ...new ScriptedSession().facts, database: 'a\x1b[2J' }
    assert.equal(promptText('\\d\\_\\p\\x\\\\> ', facts, 1), 'a\\u{1b}[2J 3306x\\> ')
    assert.equal(promptText('\\h \\p', { ...facts, address: { socketPath: '/s' } }, 1), 'localhost /s')
  })
})

describe('continuationPrompt', () => {
  it("is the mysql client's", () => {
    const prompts = ([';', "'", '"', '`', '/*'] as const).map(continuationPrompt)
    assert.deepEqual(prompts, ['    -> ', "    '> ", '    "> ', '    `> ', '   /*> '])
  })
})

describe('Completion', () => {
  it('offers names that a terminal can show, then words of SQL in the case that was begun', async () => {
    const session = new ScriptedSession(answers)
    const completion = new Completion()
    const abortable = { signal: new AbortController().signal }
    await completion.learn(session, abortable)
    assert.deepEqual(session.asked, [])
    session.facts = { ...session.facts, database: 't' }
    await completion.learn(session, abortable)
    assert.deepEqual(completion.complete('select * from or'), [['orders', 'order_items', 'or', 'order'], 'or'])
    assert.deepEqual(completion.complete('SEL'), [['SELECT'], 'SEL'])
    assert.deepEqual(completion.complete('from ba'), [[], 'ba'])
    assert.deepEqual(completion.complete('select '), [[], ''])
  })
})
