import { createSecretKey } from 'node:crypto'
import { isMisfit, type MaskEffect, type Misfit } from '../../src/pipeline/mask/mask-type.ts'
import { findMaskType } from '../../src/pipeline/mask/mask-types.ts'
import type { KeyRing } from '../../src/pipeline/plan.ts'
import type { ColumnType } from '../../src/pipeline/schema.ts'
import { exampleKey } from './agreement.ts'

/** One key, named `default`: the bytes 0 to 31. */
export const exampleKeys: KeyRing = new Map([['default', createSecretKey(exampleKey)]])

export const columnType = (
  kind: ColumnType['kind'],
  rest: Partial<Omit<ColumnType, 'parameters'>> & { parameters?: Record<string, string> } = {},
): ColumnType => ({
  kind,
  logical: rest.logical ?? null,
  optional: rest.optional ?? true,
  parameters: new Map(Object.entries(rest.parameters ?? {})),
})

/** Binds a mask by its name. */
export function bindMask(name: string, params: Record<string, unknown>, type: ColumnType | null): MaskEffect | Misfit {
  const maskType = findMaskType(name, params)
  if (maskType === undefined) throw new Error(`no mask ${name}`)
  return maskType.bind(params, type, exampleKeys)
}

/** The literal that comes out for this literal; a misfit is the test's mistake. */
export function maskedLiteral(
  name: string,
  params: Record<string, unknown>,
  type: ColumnType | null,
  literal: string,
): string {
  const effect = bindMask(name, params, type)
  if (isMisfit(effect)) throw new Error(`${effect.code}: ${effect.detail}`)
  return writeMask(effect, literal)
}

/** Runs the mask in the middle of other bytes and watches that it stays within what it asked for. */
export function writeMask({ mask }: MaskEffect, literal: string): string {
  const src = Buffer.from(`{"a":${literal},"b":1}`)
  const start = 5
  const end = src.length - 7
  const most = mask.maxBytes(end - start, src, start)
  const out = Buffer.alloc(most + 16, 0x7e)
  const after = mask.write(src, start, end, out, 8)
  if (after - 8 > most) throw new Error(`wrote ${after - 8} bytes where ${most} were asked for`)
  if (!out.subarray(8 + most).equals(Buffer.alloc(8, 0x7e))) throw new Error('wrote past its end')
  return out.toString('utf8', 8, after)
}
