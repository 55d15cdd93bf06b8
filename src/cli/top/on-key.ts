/** What a key does: moves through what is shown, or says what is to be done by others. */
import { bodyHeight, bodyOf, type Size, selectedIndex, viewsOf } from './frame.ts'
import type { Key } from './keys.ts'
import { type Deed, type Model, type Place, placeOf, type ViewName } from './model.ts'
import type { Row } from './table.ts'
import type { Body } from './views/body.ts'

/** What only the terminal or the dashboard can do. */
export type Wish = Deed | { readonly do: 'quit' } | { readonly do: 'suspend' } | { readonly do: 'redraw' }

const longestFilter = 100

export function onKey(model: Model, key: Key, size: Size, localMs: number): Wish | undefined {
  if (key.is === 'interrupt') return { do: 'quit' }
  if (key.is === 'suspend') return { do: 'suspend' }
  if (key.is === 'redraw') return { do: 'redraw' }
  if (model.asking !== undefined) return onAnswer(model, key)
  if (model.typing) return onTyped(model, key)
  const body = bodyOf(model, size, localMs)
  const place = placeOf(model)
  const steps = stepsOf(key, bodyHeight(size))
  if (steps !== undefined) {
    if (body.is === 'list') choose(place, body.rows, steps)
    else if ('scroll' in place) scroll(place, body.lines.length - bodyHeight(size), steps)
    return undefined
  }
  const row = body.is === 'list' ? body.rows[selectedIndex(place, body.rows)] : undefined
  if (key.is === 'enter' || key.is === 'right') return open(model, row)
  if (key.is === 'escape' || key.is === 'backspace' || key.is === 'left') return back(model)
  if (key.is === 'tab') return turn(model)
  return key.is === 'text' ? onText(model, key.text, body, row) : undefined
}

function onText(model: Model, text: string, body: Body, row: Row | undefined): Wish | undefined {
  const place = placeOf(model)
  const view = viewsOf(model)[Number(text) - 1]
  if (view !== undefined) show(model, view)
  else if (text === 'q') return { do: 'quit' }
  else if (text === '?' && place.is !== 'help') model.places.push({ is: 'help', scroll: 0 })
  else if (text === '/' && body.is === 'list' && place.is !== 'group') model.typing = true
  else if (text === 'a' && place.is === 'now') model.everybody = !model.everybody
  else if (text === 'x' || text === 'K') askToKill(model, row)
  else if (text === 'f' && row?.address !== undefined) askToFlush(model, row.address)
  else if (text === 'F' && place.is === 'hosts') askToFlush(model, undefined)
  return undefined
}

/** Only y means yes. */
function onAnswer(model: Model, key: Key): Wish | undefined {
  const deed = model.asking?.deed
  model.asking = undefined
  return key.is === 'text' && key.text.toLowerCase() === 'y' ? deed : undefined
}

function onTyped(model: Model, key: Key): undefined {
  if (key.is === 'text') model.filter = (model.filter + key.text).slice(0, longestFilter)
  else if (key.is === 'backspace') model.filter = Array.from(model.filter).slice(0, -1).join('')
  else if (key.is === 'enter' || key.is === 'escape') model.typing = false
  if (key.is === 'escape') model.filter = ''
}

/** How far a key goes; infinite for an end. */
function stepsOf(key: Key, page: number): number | undefined {
  if (key.is === 'up' || (key.is === 'text' && key.text === 'k')) return -1
  if (key.is === 'down' || (key.is === 'text' && key.text === 'j')) return 1
  if (key.is === 'page-up') return 1 - page
  if (key.is === 'page-down') return page - 1
  if (key.is === 'home' || (key.is === 'text' && key.text === 'g')) return Number.NEGATIVE_INFINITY
  if (key.is === 'end' || (key.is === 'text' && key.text === 'G')) return Number.POSITIVE_INFINITY
  return undefined
}

function choose(place: Place, rows: readonly Row[], steps: number): void {
  const to = Math.max(0, Math.min(selectedIndex(place, rows) + steps, rows.length - 1))
  if (place.is !== 'handshake' && place.is !== 'help') place.selected = rows[to]?.key
}

function scroll(place: Place & { scroll: number }, most: number, steps: number): void {
  place.scroll = Math.max(0, Math.min(place.scroll + steps, most))
}

function open(model: Model, row: Row | undefined): undefined {
  if (row === undefined) return
  if (row.connection !== undefined) model.places.push({ is: 'handshake', id: row.connection, scroll: 0 })
  else if (placeOf(model).is === 'refusals') model.places.push({ is: 'group', key: row.key })
}

/** Out of what was opened, and then out of the filter. */
function back(model: Model): undefined {
  if (model.places.length > 1) model.places.pop()
  else model.filter = ''
}

function turn(model: Model): undefined {
  const views: readonly Place['is'][] = viewsOf(model)
  const next = viewsOf(model)[(views.indexOf(model.places[0].is) + 1) % views.length]
  if (next !== undefined) show(model, next)
}

function show(model: Model, view: ViewName): void {
  if (model.places[0].is !== view) model.filter = ''
  model.places = [{ is: view }]
}

function askToKill(model: Model, row: Row | undefined): void {
  const place = placeOf(model)
  if (place.is === 'group') return
  const id = place.is === 'handshake' ? place.id : row?.connection
  if (id === undefined) return
  const [, , , , user, host] = model.dots.get(id) ?? []
  const who = user === undefined ? '' : `, ${user === '' ? 'a stranger' : user} from ${host}`
  model.asking = { question: `End connection #${id}${who}?`, deed: { do: 'kill', id } }
}

function askToFlush(model: Model, address: string | undefined): void {
  const what = address === undefined ? 'all hosts and their errors' : `${address} and its errors`
  model.asking = { question: `Forget ${what}?`, deed: { do: 'flush', address } }
}
