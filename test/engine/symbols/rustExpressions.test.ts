/** Rust expressions have the values that gdb gives them, and error messages name the invalid part. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../debug-adapter/messages/userError.ts';
import type { Value } from '../../../debug-adapter/engine/symbols/index.ts';
import { requireTool } from '../../support/tools.ts';
import { GDB } from './support/gdb.ts';
import { openRust, printedByGdb } from './support/rust.ts';

const SAME_AS_GDB = `
values::POINT
values::POINT.x
values::deep::er::LEVEL
values::deep::INNER.v
values::TUPLE.1
values::TUPLE.__1
values::TUPLE.3 && true
values::PAIR.0
values::OPT_TUPLE.0
values::SHAPES[0].0
values::SHAPES[1].w
values::SHAPES[2].0
values::SHAPES[1]
values::SOME.0
values::NESTED[0].0
values::SLICE[1]
values::SLICE.length
values::SLICE.data_ptr
*values::SLICE.data_ptr
values::POINTS[1].y
values::TEXT[0]
values::TEXTS[1]
*values::REF
**values::REF_REF
values::REF_POINT.x
(*values::REF_POINT).y
*values::DYNAMIC
values::DYNAMIC.pointer
values::RAW.0
*values::RAW.0
*(values::RAW.0 as *mut u8)
values::RAW.0 as usize
values::U8 as u64
values::I8 as u8
values::I8 as i32 + 1
values::F64 as i32
values::LETTER as u32
values::LETTER == 'a'
values::Color::Red
values::Color::Red as u8
values::COLOR as u32
values::COLOR == values::Color::Green
values::COLOR != values::Color::Green
values::POINT.x == 1 || values::TRUE
!values::I8
!values::TRUE
values::U8 << 1
values::U64 + 1
values::I8 - 1
values::GENERIC.items[1]
values::NUMBERS[1]
values::NUMBERS as usize
&values::POINT
&values::NUMBERS[1]
values::BITS.halves
values::FUNCTION
sizeof(values::Point)
sizeof(u64)
1u8
0x10_usize
1_000i64 + 2
300u8
-1i8 as u8
2.5f32
1.0f64 / 4.0
0b1_1
0o17
values::U8 as u64 + 0xff_u64
`
  .trim()
  .split('\n');

test('expressions have the values that gdb prints', (t) => {
  if (!requireTool(GDB, t)) return;
  const answers = printedByGdb(SAME_AS_GDB.map((expression) => `print ${expression}`));
  const ours = SAME_AS_GDB.map((expression) => evaluate(expression).text);
  assert.deepEqual(pairs(ours), pairs(answers));
});

test('a path can begin with `crate`, `self` or any inner module, and a name in the same unit needs no path', () => {
  assert.equal(evaluate('crate::deep::er::LEVEL').text, '12');
  assert.equal(evaluate('self::deep::er::LEVEL').text, '12');
  assert.equal(evaluate('::values::deep::er::LEVEL').text, '12');
  assert.equal(evaluate('er::LEVEL').text, '12');
  assert.equal(evaluate('LEVEL').text, '12');
  assert.equal(evaluate('Color::Blue').text, 'values::Color::Blue');
  assert.equal(evaluate('sizeof(er::Inner)').text, '1');
  assert.equal(evaluate('*(&POINT as *const i32)').text, '1');
  assert.equal(evaluate('WRAPPER.0.0').text, '5');
});

// gdb can evaluate ranges only in a running program.
test('a range of an array or slice contains the right elements', () => {
  assert.equal(evaluate('NUMBERS[1..3]').text, '[20, 30]');
  assert.equal(evaluate('&NUMBERS[..=1]').text, '[10, 20]');
  assert.equal(evaluate('NUMBERS[2..]').text, '[30, 40]');
  assert.equal(evaluate('&SLICE[1..SLICE.length - 1]').text, '[20, 30]');
  assert.equal(evaluate('1f64 + 0.5').text, '1.5');
  assert.equal(evaluate('NUMBERS[1..3][1]').text, '30');
  assert.match(messageOf('NUMBERS[3..1]'), /-2/);
});

test('every value inside every static has an expression that evaluates to the same value', () => {
  const { symbols, frame } = openRust();
  let count = 0;
  const visit = (value: Value, depth: number) => {
    if (value.expression !== undefined) {
      const again = symbols.evaluate(value.expression, frame);
      assert.equal(again.kind === 'value' && again.value.text, value.text, value.expression);
      assert.equal(again.kind === 'value' && again.value.typeName, value.typeName, value.expression);
      count++;
    }
    if (depth > 0) for (const child of value.children()) visit(child, depth - 1);
  };
  for (const variable of symbols.globals(frame.pc)) visit(symbols.read(variable, frame), 4);
  assert.ok(count > 300, `${count}`);
});

test('an error message names the member, path or type that does not exist', () => {
  assert.match(messageOf('SHAPES[1].0'), /values::Shape::Rect has no member "0"/);
  assert.match(messageOf('SHAPES[3].w'), /values::Shape::Nothing has no member "w"/);
  assert.match(messageOf('TUPLE.4'), /\(u8, i64, char, bool\) has no member "4"/);
  assert.match(messageOf('deep::LEVEL'), /"deep::LEVEL"/);
  assert.match(messageOf('other::POINT'), /"other::POINT"/);
  assert.match(messageOf('Color::Violet'), /"Color::Violet"/);
  assert.match(messageOf('U8 as u65'), /"u65"/);
  assert.match(messageOf('U8 as 5'), /the name of a type before "5"/);
});

test('a condition on a tuple, a slice or an enum is checked when it is entered', () => {
  const { symbols, frame } = openRust();
  for (const condition of ['TUPLE.0 == 1', 'SLICE[1] == 20', 'SHAPES[0].0 == 2', '!I8 == 127', 'U8 as u64 == 200']) {
    assert.doesNotThrow(() => symbols.check(condition, frame), condition);
    assert.ok(symbols.isTrue(condition, frame), condition);
  }
  for (const compiled of ['TUPLE.0 == 1', 'SLICE[1] == 20', 'U8 as u64 == 200']) {
    assert.ok(symbols.check(compiled, frame), compiled);
  }
  assert.throws(() => symbols.check('TUPLE.9 == 1', frame), /"9"/);
});

function evaluate(expression: string): Value {
  const { symbols, frame } = openRust();
  const evaluation = symbols.evaluate(expression, frame);
  assert.ok(evaluation.kind === 'value');
  return evaluation.value;
}

function messageOf(expression: string): string {
  try {
    return `no error, but ${evaluate(expression).text}`;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

const pairs = (answers: string[]) => SAME_AS_GDB.map((expression, i) => `${expression} = ${answers[i]}`);
