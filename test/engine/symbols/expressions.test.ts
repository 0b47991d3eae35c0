/** C expressions have the values and types that gdb gives them, and error messages name the invalid part. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { UserError } from '../../../debug-adapter/messages/userError.ts';
import type { Evaluation, Frame, Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { requireTool } from '../../support/tools.ts';
import { fixture, hex, open } from './support/fixtures.ts';
import { runGdbCommands, GDB } from './support/gdb.ts';
import { frameAt, loadedMachine } from './support/memory.ts';

const FILE = fixture('types-O0-v5');

/** Expressions whose values and types must be the same as in gdb. */
const SAME_AS_GDB = `
1 + 2 * 3
(1 + 2) * 3
-7 / 2
-7 % 3
7 >> 1
-1 >> 1
1L << 40
0xffffffff
0xffffffffu + 1
4294967295
-1 < 0u
-1L < 0u
'a' + 1
!5
!0
~0
~0u
-number_u32
number_u32 + 1
number_int * 2
byte + byte
small + usmall
letter == 'x'
1 && 0
0 || number_int
number_int ? 3 : 4
10 - 3 - 2
2 * 3 % 4
1 | 6 & 3
1 ^ 3
1 < 2 == 1
010 + 0x10
sizeof(int)
sizeof first
sizeof(struct node)
sizeof(char *)
sizeof outer.matrix
sizeof(unsigned long)
first.at.x
first.next->at.y
(*first.next).at.y
first.next->color
outer.self->self->self->points[2].y
outer.matrix[1][2]
*outer.matrix[1]
*(outer.matrix[1] + 2)
outer.points[1]
&first
&first.at
&first.at.y
&outer.points[2]
&outer.points[2] - &outer.points[0]
&cube[1][0][1]
*&number_int
(long)&first
(unsigned char)300
(signed char)200
(u16)-1
(char)65
(int)3.7
(int)-3.7
(struct point *)&first.at
*(struct point *)&first.at
((struct point *)&first.at)->y
(unsigned long)&first & 0xff
(enum color)5
(enum color)6
(flag)7
*outer.names@2
cube[1][0]@2
array_of_nothing
first.bytes[4]
names[0]
names[1][1]
*names[0]
text[1]
apply_twice
&apply_twice
*callback
outer.table[0] == apply_twice
null_pointer
null_pointer == 0
!null_pointer
&record.data
record.inner
record.as_int
number.low
number.high
bits.a + bits.b
bits.c
bits.d
bits.e
power
power == ON
GREEN
READ
GREEN + 1
twice + 1
single * 2
1.5 + 1
1.0 / 4
5 / 2.0
twice < 0
1e3
matrix_row[0][1]
(*matrix_row)[2]
&matrix_row[0][1]
number_long
number_u64
number_u64 + 16
number_long / 1000
-number_long
zeros[17]
`
  .trim()
  .split('\n');

test('expressions have the values and types that gdb gives them', (t) => {
  if (!requireTool(GDB, t)) return;
  const symbols = open(FILE);
  const frame = frameAt(symbols, FILE, 'main');
  const answers = runGdbCommands(FILE, [
    'list main',
    'set print null-stop on',
    ...SAME_AS_GDB.flatMap((text) => [`output ${text}`, `whatis ${text}`]),
  ]);
  const differences: string[] = [];
  SAME_AS_GDB.forEach((text, i) => {
    const [[value = ''], [type = '']] = answers.slice(2 + 2 * i);
    if (value.startsWith('error: ')) {
      assert.throws(() => symbols.evaluate(text, frame), UserError, text);
      return;
    }
    const evaluation = symbols.evaluate(text, frame);
    assert.ok(evaluation.kind === 'value');
    const expected = normal(value.replace(/^\(.*?\) (?=0x|@)/, ''));
    if (normal(evaluation.value.text) !== expected)
      differences.push(`${text}: ${evaluation.value.text}, gdb ${expected}`);
    const ourType = `type = ${evaluation.value.typeName}`;
    // gdb evaluates sizeof as unsigned long, but its whatis command reports int.
    if (ourType !== type && !text.startsWith('sizeof')) differences.push(`${text}: ${ourType}, gdb ${type}`);
  });
  assert.deepEqual(differences, []);
});

/**
 * Rounds floating-point numbers, because gdb prints all significant digits and blkreplay prints the fewest that
 * round-trip.
 */
function normal(text: string): string {
  return /^-?\d+\.\d+$/.test(text) ? `${Number(Number(text).toPrecision(12))}` : text;
}

test('local variables hide variables of the same name in outer scopes', () => {
  const symbols = open(FILE);
  const inner = symbols.addressesOfLine('types.c', lineOf('int total = square * 10'))?.addresses[0] ?? 0n;
  const scopes = symbols.scopesAt(inner);
  assert.deepEqual(
    scopes.map(({ kind, functionName, variables }) => [
      kind,
      functionName,
      variables.map((v) => `${v.kind} ${v.name}${v.isShadowed ? ' (shadowed)' : ''}`),
    ]),
    [
      [
        'function',
        'sum_of',
        [
          'argument n',
          'argument m',
          'argument p',
          'argument list',
          'argument c',
          'argument b',
          'argument d',
          'local total (shadowed)',
          'static calls',
        ],
      ],
      ['block', 'sum_of', ['local i']],
      ['block', 'sum_of', ['local square']],
      ['block', 'sum_of', ['local total']],
    ],
  );
  const hidden = symbols.read(scopes[0].variables[7], symbols.innermostFrame({ ...loadedMachine(FILE), pc: inner }));
  assert.equal(hidden.expression, undefined, 'the name refers to the inner variable');
});

test('if several static variables have the same name, the one in the current compilation unit is found', () => {
  const symbols = open(FILE);
  assert.equal(valueOf(symbols, 'hidden_static', frameAt(symbols, FILE, 'main')), '77');
  assert.equal(valueOf(symbols, 'hidden_static', frameAt(symbols, FILE, 'second_unit')), '88');
});

test('registers have C types, and each can be referred to by any of its names', () => {
  const symbols = open(FILE);
  const [main] = symbols.functionsNamed('main');
  const frame = symbols.innermostFrame({
    pc: main.low + 4n,
    readRegister: (number) => (number < 32 ? BigInt(number) : undefined),
    readMemory: () => undefined,
    registerNamed: (name) => (name === 'mstatus' ? 0xa00000080n : undefined),
  });
  const texts = ['$pc', '$sp', '$x2', '$a0', '$x10', '$fp', '$s0', '$a0 + 1', '$mstatus', '$zero'].map((text) =>
    valueOf(symbols, text, frame),
  );
  assert.deepEqual(texts, [
    `${hex(main.low + 4n)} <main+4>`,
    '0x2',
    '0x2',
    '10',
    '10',
    '0x8',
    '0x8',
    '11',
    '42949673088',
    '0',
  ]);
  assert.throws(() => symbols.evaluate('$nothing', frame), /no register "\$nothing"/);
});

test('every expression that refers to memory also yields the address for a watchpoint', () => {
  const symbols = open(FILE);
  const frame = frameAt(symbols, FILE, 'main');
  const lvalue = (text: string) => {
    const evaluation = symbols.evaluate(text, frame);
    return evaluation.kind === 'value' ? evaluation.value.lvalue : undefined;
  };
  const first = lvalue('first')?.address ?? 0n;
  assert.deepEqual(lvalue('first.at.y'), { address: first + 20n, sizeBytes: 4, bits: undefined });
  assert.deepEqual(lvalue('*&first.at.y'), { address: first + 20n, sizeBytes: 4, bits: undefined });
  assert.deepEqual(lvalue('first.bytes[3]'), { address: first + 31n, sizeBytes: 1, bits: undefined });
  const bits = lvalue('bits')?.address ?? 0n;
  assert.deepEqual(lvalue('bits.c'), { address: bits + 1n, sizeBytes: 1, bits: { offset: 2, width: 5 } });
  assert.deepEqual(lvalue('bits.d'), { address: bits + 1n, sizeBytes: 6, bits: { offset: 7, width: 40 } });
  assert.equal(lvalue('first.at.y + 1'), undefined);
  assert.equal(lvalue('&first'), undefined);
});

test('evaluating an assignment returns the bytes to write, but does not write them', () => {
  const symbols = open(FILE);
  const frame = frameAt(symbols, FILE, 'main');
  const assigned = (text: string) => symbols.evaluate(text, frame) as Evaluation & { kind: 'assignment' };
  const simple = assigned('first.at.y = -1');
  assert.deepEqual(
    [simple.kind, simple.target.expression, [...(simple.bytes ?? [])]],
    ['assignment', 'first.at.y', [255, 255, 255, 255]],
  );
  assert.deepEqual([...(assigned('number_int += 1').bytes ?? [])], [0xc1, 0x1d, 0xfe, 0xff]);
  assert.deepEqual([...(assigned('single = 1').bytes ?? [])], [0, 0, 0x80, 0x3f]);
  assert.equal(assigned('first.at = second.at').bytes?.length, 8);
  assert.deepEqual([assigned('bits.c = 3').bytes, assigned('bits.c = 3').value.text], [undefined, '3']);
  assert.equal(valueOf(symbols, 'first.at.y', frame), '-2');
});

test('an error message names the invalid part of the expression', () => {
  const symbols = open(FILE);
  const frame = frameAt(symbols, FILE, 'main');
  const cases: [string, RegExp][] = [
    ['', /expression is empty/],
    ['foo', /no variable, function or enumerator "foo" here/],
    ['first.foo', /struct node has no member "foo"/],
    ['number_int.x', /number_int is not a struct or union: its type is int/],
    ['*number_int', /number_int is not a pointer: its type is int/],
    ['first + 1', /first is not a number: its type is struct node/],
    ['1 +', /^Expected .* before the end of the expression/],
    ['(1', /Expected "\)" before the end/],
    ['1 2', /Expected an operator before "2"/],
    ['first.', /Expected the name of a member/],
    ['apply_twice(1)', /would call a guest function/],
    ['number_int++', /"\+\+" is not supported/],
    ['1 / 0', /divides by zero/],
    ['1 % (2 - 2)', /divides by zero/],
    ['&1', /1 has no address/],
    ['&bits.a', /bits.a has no address/],
    ['*(int *)4 + 1', /The memory at 0x4 cannot be read/],
    ['(struct nothing)1', /no type "struct nothing"/],
    ['3 = 4', /3 cannot be assigned to/],
    ['first.at = 1', /1 has the type int; expected struct point/],
    ['first@0', /Use a positive number/],
    ['#', /"#" is not supported/],
    ['1 ? 2', /Expected ":" before/],
    ['*null_pointer + 1', /The memory at 0x0 cannot be read/],
    ['*outer.anything', /only declared/],
    ['('.repeat(5000), /nested too deeply/],
    ['1' + '+1'.repeat(5000), /nested too deeply/],
    ['~'.repeat(900) + '1', /nested too deeply/],
    ['1.5 % 2', /is not a number/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => symbols.evaluate(text, frame),
      (error) => error instanceof UserError && message.test(error.message),
      `${text.slice(0, 40)}`,
    );
  }
});

/** Returns the number of the first line in the fixture's source that contains the text. */
function lineOf(text: string): number {
  const lines = fs.readFileSync(FILE.replace(/-O.*/, '.c'), 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

function valueOf(symbols: Symbols, text: string, frame: Frame): string {
  const evaluation = symbols.evaluate(text, frame);
  assert.ok(evaluation.kind === 'value');
  return evaluation.value.text;
}
