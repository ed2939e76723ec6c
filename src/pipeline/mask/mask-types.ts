import type { MaskType } from './mask-type.ts'
import { custom } from './types/custom.ts'
import { dateShowYear } from './types/date-show-year.ts'
import { drop } from './types/drop.ts'
import { email } from './types/email.ts'
import { full } from './types/full.ts'
import { hash } from './types/hash.ts'
import { mask } from './types/mask.ts'
import { none } from './types/none.ts'
import { nullify } from './types/null.ts'
import { partial } from './types/partial.ts'
import { plainHash } from './types/plain-hash.ts'
import { showFirst4 } from './types/show-first-4.ts'
import { showLast4 } from './types/show-last-4.ts'

/** Every mask a policy may name. Adding one is a new file in types/ and one line here. */
export const maskTypes: Readonly<Record<string, MaskType>> = {
  custom,
  date_show_year: dateShowYear,
  drop,
  email,
  full,
  hash,
  mask,
  none,
  null: nullify,
  partial,
  plain_hash: plainHash,
  show_first_4: showFirst4,
  show_last_4: showLast4,
}

/** The name under which the table has it. */
export const maskTypeName = (maskType: MaskType): string =>
  Object.entries(maskTypes).find(([, known]) => known === maskType)?.[0] ?? 'unknown'

/**
 * Names are read without regard to case, and with or without the `MASK_` of Ranger's. A hash in another dialect than ours is
 * another mask: it has no key, and is not for key columns.
 */
export function findMaskType(name: string, params: Readonly<Record<string, unknown>> = {}): MaskType | undefined {
  const key = name.toLowerCase().replace(/^mask_/, '')
  const found = Object.hasOwn(maskTypes, key) ? maskTypes[key] : undefined
  return found === hash && params.dialect !== undefined && params.dialect !== 'strict' ? plainHash : found
}
