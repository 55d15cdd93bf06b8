/** Asks before something is done that cannot be undone, does it, and says what came of it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { command } from '../live/ask.ts'

export interface ConfirmProps {
  readonly question: string
  /** What it means for those whom it touches. */
  readonly explains: string
  /** On the button that does it. */
  readonly does: string
  readonly path: string
  readonly body: unknown
  readonly onDone: () => void
  readonly onClose: () => void
}

export function Confirm({ question, explains, does, path, body, onDone, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [said, say] = useState<{ readonly text: string; readonly failed: boolean }>()
  const [busy, setBusy] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  const act = async () => {
    setBusy(true)
    try {
      say({ text: (await command(path, body)).done, failed: false })
      onDone()
    } catch (error) {
      say({ text: error instanceof Error ? error.message : String(error), failed: true })
    }
    setBusy(false)
  }
  return (
    <dialog ref={dialog} onClose={onClose} aria-label={question}>
      <h2>{question}</h2>
      <p role="status" class={said?.failed ? 'bad' : undefined}>
        {said?.text ?? explains}
      </p>
      <div class="buttons">
        <button type="button" onClick={() => dialog.current?.close()}>
          {said === undefined ? 'Cancel' : 'Close'}
        </button>
        {said === undefined && (
          <button type="button" class="danger" disabled={busy} onClick={act}>
            {does}
          </button>
        )}
      </div>
    </dialog>
  )
}
