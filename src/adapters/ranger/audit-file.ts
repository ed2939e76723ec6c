import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ScrimError } from '../../errors.ts'
import type { RangerAuditSink } from '../../services/ports/ranger-audit.ts'

export interface RangerAuditFileOptions {
  readonly path: string
  /** A file that would become larger is put aside first: `<path>.1` is the last one. */
  readonly maxBytes?: number
  readonly keep?: number
}

export interface RangerAuditFile extends RangerAuditSink {
  readonly close: () => Promise<void>
}

/**
 * Events as lines of JSON. Each write is on the disk (fdatasync) before it counts as written; after a failed one the file
 * is opened anew, and a line that was cut short is ended, so that no event is glued to it.
 */
export function createRangerAuditFile(options: RangerAuditFileOptions): RangerAuditFile {
  const { path, maxBytes = 100_000_000, keep = 9 } = options
  let current: { readonly file: FileHandle; bytes: number } | null = null

  async function opened(): Promise<{ readonly file: FileHandle; bytes: number }> {
    if (current !== null) return current
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, 'a+', 0o600)
    try {
      const { size } = await file.stat()
      const last = Buffer.alloc(1)
      if (size > 0) await file.read(last, 0, 1, size - 1)
      const isCut = size > 0 && last[0] !== 0x0a
      if (isCut) await file.appendFile('\n')
      current = { file, bytes: isCut ? size + 1 : size }
      return current
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async function close(): Promise<void> {
    const { file } = current ?? {}
    current = null
    await file?.close()
  }

  async function rotate(): Promise<void> {
    await close()
    await rm(`${path}.${keep}`, { force: true })
    for (let n = keep - 1; n >= 0; n--) {
      const from = n === 0 ? path : `${path}.${n}`
      await rename(from, `${path}.${n + 1}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    }
  }

  async function append(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text)
    let here = await opened()
    if (here.bytes > 0 && here.bytes + bytes > maxBytes) {
      await rotate()
      here = await opened()
    }
    await here.file.appendFile(text)
    await here.file.datasync()
    here.bytes += bytes
  }

  return {
    write: async events => {
      try {
        await append(events.map(event => `${JSON.stringify(event)}\n`).join(''))
      } catch (error) {
        await close().catch(() => undefined)
        const { code = 'error' } = error as NodeJS.ErrnoException
        throw new ScrimError('RANGER_AUDIT_UNAVAILABLE', { path: code })
      }
    },
    close,
  }
}
