// The quick scanner, in AssemblyScript (TypeScript's syntax, compiled to WebAssembly: `npm run build:scan`).
//
// It walks an object along a layout exactly as walk.ts does, but only where all is as Debezium writes it: compact JSON,
// known members spelled plainly. At anything else - white space, an escape in a name, an unknown or repeated member, a
// TOAST placeholder, a fault of any kind - it answers -1 and walk.ts reads the object again from its start and decides.
// So it never rejects and never decides; whatever it accepts, the slow walker accepts with the same edits
// (test/pipeline/decode/quick.test.ts holds the two together).
//
// Memory: [0, 256) flags of TOAST lengths; [256, 256+64) the results; then edits, layouts and the batch, at addresses
// that the caller chooses. At least 16 readable bytes lie behind the batch, so loads need no check of their own.

/** Results: how many edits, the operation's letter. */
const EDIT_COUNT: usize = 256
const OPERATION: usize = 260
/** Where edits are written (three i32 each: start, end, column id), and how many fit. */
const EDITS: usize = 264
const EDIT_LIMIT: usize = 268
const MARKERS: usize = 272

// Layout: first column, visits, columns, number of columns (i32 each).
// Column: name address, name length, act, toast, child layout, next column, seen, id, flags, column of the elements (i32 each).
const COLUMN_SIZE: usize = 40
const TELLS_OPERATION: i32 = 1
const SCALAR: i32 = 2
/** An object or an array, or null. */
const NESTED: i32 = 4
/** Elements stand in an object; as pairs, which are left to walk.ts. */
const MAP: i32 = 8
const PAIRS: i32 = 16
/** A number, or null. */
const NUMBER: i32 = 32
/** Leaves an edit also where it is null. */
const TAKEN: i32 = 64

const MASK: i32 = 1
const REMOVE: i32 = 2
const MAX_DEPTH: i32 = 100

let editAt: usize = 0
let editEnd: usize = 0

/** From the opening brace at `at` to the position after the closing one; -1: not for us. `end` is the end of the record. */
export function walk(at: usize, end: usize, layout: usize, depth: i32): i32 {
  editAt = load<u32>(EDITS)
  editEnd = editAt + <usize>load<i32>(EDIT_LIMIT) * 12
  store<i32>(OPERATION, 0)
  const after = object(at, end, layout, depth)
  store<i32>(EDIT_COUNT, <i32>((editAt - load<u32>(EDITS)) / 12))
  return after
}

function object(start: usize, end: usize, layout: usize, depth: i32): i32 {
  if (depth > MAX_DEPTH) return -1
  const visit = load<i32>(layout, 4) + 1
  store<i32>(layout, visit, 4)
  let column = <usize>load<u32>(layout)
  let previous: usize = 0
  let keptOne = false
  let previousEnd: usize = 0
  let at = start + 1
  if (load<u8>(at) == 0x7d) return <i32>(at + 1)
  while (true) {
    const nameStart = at
    if (column == 0 || !matches(at, column)) {
      column = find(at, layout)
      if (column == 0) return -1
      if (previous == 0) store<u32>(layout, <u32>column)
      else store<u32>(previous, <u32>column, 20)
    }
    if (load<i32>(column, 24) == visit) return -1
    store<i32>(column, visit, 24)
    at += <usize>load<u32>(column, 4)
    const valueStart = at
    const first = load<u8>(at)
    const next = shaped(at, end, column, depth)
    if (next < 0) return -1
    at = <usize>next

    const act = load<i32>(column, 8)
    if (act > REMOVE) return -1
    if ((load<i32>(column, 32) & TELLS_OPERATION) != 0 && first == 0x22 && at - valueStart == 3) store<i32>(OPERATION, <i32>load<u8>(valueStart, 1))
    if (load<i32>(column, 12) != 0 && act != REMOVE && isMarker(valueStart, at - valueStart)) return -1
    const after = load<u8>(at)
    if (act == MASK) {
      // Null stays null under every mask.
      if ((first != 0x6e || (load<i32>(column, 32) & TAKEN) != 0) && !edit(valueStart, at, load<i32>(column, 28))) return -1
      keptOne = true
    } else if (act == REMOVE) {
      const id = load<i32>(column, 28)
      if (!(keptOne ? edit(previousEnd, at, id) : edit(nameStart, after == 0x2c ? at + 1 : at, id))) return -1
    } else keptOne = true
    previousEnd = at
    if (after == 0x2c) {
      at++
      previous = column
      column = <usize>load<u32>(column, 20)
    } else if (after == 0x7d) return <i32>(at + 1)
    else return -1
  }
}

function edit(start: usize, end: usize, id: i32): bool {
  if (editAt == editEnd) return false
  store<u32>(editAt, <u32>start)
  store<u32>(editAt, <u32>end, 4)
  store<i32>(editAt, id, 8)
  editAt += 12
  return true
}

/** Is the column's name text at this place? Eight bytes at a time, the last eight overlapping the ones before. */
function matches(at: usize, column: usize): bool {
  const name = <usize>load<u32>(column)
  const length = <usize>load<u32>(column, 4)
  if (length < 8) {
    if (length < 4) return false
    return load<u32>(at) == load<u32>(name) && load<u32>(at + length - 4) == load<u32>(name + length - 4)
  }
  const last = length - 8
  if (load<u64>(at + last) != load<u64>(name + last)) return false
  for (let n: usize = 0; n < last; n += 8) if (load<u64>(at + n) != load<u64>(name + n)) return false
  return true
}

function find(at: usize, layout: usize): usize {
  let column = <usize>load<u32>(layout, 8)
  const end = column + <usize>load<u32>(layout, 12) * COLUMN_SIZE
  for (; column < end; column += COLUMN_SIZE) if (matches(at, column)) return column
  return 0
}

/** A value, held to the shape that the column gives it. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function shaped(at: usize, end: usize, column: usize, depth: i32): i32 {
  const first = load<u8>(at)
  if (first == 0x7b || first == 0x5b) return inside(at, end, column, depth)
  const flags = load<i32>(column, 32) & (NESTED | NUMBER)
  if (flags != 0 && first != 0x6e && (flags != NUMBER || (first != 0x2d && !isDigit(first)))) return -1
  return value(at, end, depth)
}

function inside(at: usize, end: usize, column: usize, depth: i32): i32 {
  const flags = load<i32>(column, 32)
  if ((flags & (SCALAR | PAIRS)) != 0) return -1
  const isObject = load<u8>(at) == 0x7b
  const child = <usize>load<u32>(column, 16)
  if (child != 0) return isObject ? object(at, end, child, depth + 1) : -1
  const element = <usize>load<u32>(column, 36)
  if (element != 0 && isObject != ((flags & MAP) != 0)) return -1
  return nested(at, end, element, depth + 1)
}

function value(at: usize, end: usize, depth: i32): i32 {
  const first = load<u8>(at)
  if (first == 0x22) return text(at, end)
  if (first == 0x6e) return load<u32>(at) == 0x6c6c756e ? <i32>(at + 4) : -1
  if (first == 0x74) return load<u32>(at) == 0x65757274 ? <i32>(at + 4) : -1
  if (first == 0x66) return load<u32>(at, 1) == 0x65736c61 ? <i32>(at + 5) : -1
  if (first == 0x7b || first == 0x5b) return nested(at, end, 0, depth + 1)
  return number(at)
}

/** An object or array that has no layout; what it holds is held to `element` unless that is 0. */
function nested(start: usize, end: usize, element: usize, depth: i32): i32 {
  if (depth > MAX_DEPTH) return -1
  const isObject = load<u8>(start) == 0x7b
  const close: u8 = isObject ? 0x7d : 0x5d
  let at = start + 1
  if (load<u8>(at) == close) return <i32>(at + 1)
  while (true) {
    if (isObject) {
      if (load<u8>(at) != 0x22) return -1
      const name = text(at, end)
      if (name < 0 || load<u8>(<usize>name) != 0x3a) return -1
      at = <usize>name + 1
    }
    const next = element == 0 ? value(at, end, depth) : shaped(at, end, element, depth)
    if (next < 0) return -1
    at = <usize>next
    const after = load<u8>(at)
    if (after == close) return <i32>(at + 1)
    if (after != 0x2c) return -1
    at++
  }
}

/** From the opening quote to the position after the closing one: sixteen bytes at a time while they are plain. */
function text(start: usize, end: usize): i32 {
  let at = start + 1
  while (at < end) {
    const block = v128.load(at)
    const special = v128.or(
      v128.or(i8x16.eq(block, i8x16.splat(0x22)), i8x16.eq(block, i8x16.splat(0x5c))),
      // Signed: control characters are less than a space, and so is every byte of a character of several bytes.
      i8x16.lt_s(block, i8x16.splat(0x20)),
    )
    const mask = i8x16.bitmask(special)
    if (mask == 0) {
      at += 16
      continue
    }
    at += <usize>ctz(mask)
    const c = load<u8>(at)
    if (c == 0x22) return at < end ? <i32>(at + 1) : -1
    if (c == 0x5c) {
      const size = escape(at)
      if (size == 0) return -1
      at += size
    } else {
      const size = multiByte(at)
      if (size == 0) return -1
      at += size
    }
  }
  return -1
}

function escape(at: usize): usize {
  const c = load<u8>(at, 1)
  if (c == 0x75) return isHex(load<u8>(at, 2)) && isHex(load<u8>(at, 3)) && isHex(load<u8>(at, 4)) && isHex(load<u8>(at, 5)) ? 6 : 0
  return c == 0x22 || c == 0x5c || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74 ? 2 : 0
}

function isHex(c: u8): bool {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)
}

/** Bytes of the character here; 0 for a control character and for what is not UTF-8 (RFC 3629). */
function multiByte(at: usize): usize {
  const c = load<u8>(at)
  const d = load<u8>(at, 1)
  if (c >= 0xc2 && c <= 0xdf) return isContinuation(d) ? 2 : 0
  if (c >= 0xe0 && c <= 0xef) {
    if (!isContinuation(d) || !isContinuation(load<u8>(at, 2))) return 0
    if (c == 0xe0 && d < 0xa0) return 0
    return c == 0xed && d > 0x9f ? 0 : 3
  }
  if (c >= 0xf0 && c <= 0xf4) {
    if (!isContinuation(d) || !isContinuation(load<u8>(at, 2)) || !isContinuation(load<u8>(at, 3))) return 0
    if (c == 0xf0 && d < 0x90) return 0
    return c == 0xf4 && d > 0x8f ? 0 : 4
  }
  return 0
}

function isContinuation(c: u8): bool {
  return (c & 0xc0) == 0x80
}

function isDigit(c: u8): bool {
  return c >= 0x30 && c <= 0x39
}

function number(start: usize): i32 {
  let at = start
  let c = load<u8>(at)
  if (c == 0x2d) c = load<u8>(++at)
  if (c == 0x30) c = load<u8>(++at)
  else if (isDigit(c)) {
    do c = load<u8>(++at)
    while (isDigit(c))
  } else return -1
  if (c == 0x2e) {
    c = load<u8>(++at)
    if (!isDigit(c)) return -1
    do c = load<u8>(++at)
    while (isDigit(c))
  }
  if (c == 0x65 || c == 0x45) {
    c = load<u8>(++at)
    if (c == 0x2b || c == 0x2d) c = load<u8>(++at)
    if (!isDigit(c)) return -1
    do c = load<u8>(++at)
    while (isDigit(c))
  }
  return <i32>at
}

/** Is this literal a TOAST placeholder? By its length and whole bytes; for lengths below 256 there is a table. */
function isMarker(start: usize, length: usize): bool {
  if (length < 256 && load<u8>(length) == 0) return false
  // Markers: count, then for each its length and address.
  let marker = <usize>load<u32>(MARKERS)
  for (let n = load<u32>(marker); n > 0; n--) {
    marker += 8
    if (load<u32>(marker - 4) == <u32>length && memory.compare(start, <usize>load<u32>(marker), length) == 0) return true
  }
  return false
}
