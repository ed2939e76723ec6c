import type { MaskType } from './mask-type.ts'
import { custom } from './types/custom.ts'
import { drop } from './types/drop.ts'
import { email } from './types/email.ts'
import { full } from './types/full.ts'
import { hash } from './types/hash.ts'
import { none } from './types/none.ts'
import { nullify } from './types/null.ts'
import { partial } from './types/partial.ts'

/** Every mask a policy may name. Adding one is a new file in types/ and one line here. */
export const maskTypes: Readonly<Record<string, MaskType>> = {
  custom,
  drop,
  email,
  full,
  hash,
  none,
  null: nullify,
  partial,
}

/** The name under which the table has it. */
export const maskTypeName = (maskType: MaskType): string =>
  Object.entries(maskTypes).find(([, known]) => known === maskType)?.[0] ?? 'unknown'

/** Names are read without regard to case; Ranger's MASK_NULL, MASK_HASH and MASK_NONE are the same as ours. */
export function findMaskType(name: string): MaskType | undefined {
  const key = name.toLowerCase().replace(/^mask_/, '')
  return Object.hasOwn(maskTypes, key) ? maskTypes[key] : undefined
}
