import { expect, test } from 'vitest'
import { nestedYear } from '../../../src/pipeline/mask/nested-structure.ts'

/** Beside the cases of test/conformance: the forms of dates that those leave open. */
test.each([
  ['20111203+0100', '2011'],
  ['20111203Z', '2011'],
  ['20110229', undefined],
  ['2011-12-03z', '2011'],
  ['2011-12-03T10:15', '2011'],
  ['2011-12-03T10:15:30.123456789+01:00:30', '2011'],
  ['2011-12-03T10:15:30[Europe/Paris]', '2011'],
  ['2011-12-03T10:15:30Z', '2011'],
  ['2011-12-03T24:00:00', undefined],
  ['2011-12-03T10:15:30 ', undefined],
  ['2011-02-29', undefined],
  ['-0044-03-15', '0045'],
  ['+12011-12-03', '+12011'],
  ['+2011-12-03', undefined],
  ['2012-366', '2012'],
  ['2011-366', undefined],
  ['2012-000', undefined],
  ['2012-W48-6', '2012'],
  // Weeks that reach into the year before or after.
  ['2009-W01-1', '2008'],
  ['2015-W01-1', '2014'],
  ['2016-W01-1', '2016'],
  ['2020-W53-4', '2020'],
  ['2020-W53-5', '2021'],
  ['2015-W53-5', '2016'],
  ['2010-W53-1', undefined],
  ['2010-W00-1', undefined],
  ['2012-W48-8', undefined],
  ['Tue, 3 Jun 2008 11:05:30 GMT', '2008'],
  ['3 jun 2008 11:05 +0200', '2008'],
  ['Mon, 3 Jun 2008 11:05:30 GMT', undefined],
  ['31 Jun 2008 11:05:30 GMT', undefined],
  ['3 Jux 2008 11:05:30 GMT', undefined],
])('the year of %s is %s', (text, year) => {
  expect(nestedYear(text)).toBe(year)
})
