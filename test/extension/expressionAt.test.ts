/** The expression under the mouse is found in C, C++, Rust and assembly, and never contains a call or an assignment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operandAt } from '../../extension/editor/assemblyOperands.ts';
import { expressionAt } from '../../extension/editor/expressionAt.ts';

/** The expression at the character after `|` in the source. */
function at(marked: string): string | undefined {
  const { lines, line, column } = position(marked);
  const found = expressionAt((number) => lines[number], { line, column });
  if (found) assert.equal(lines[line].slice(found.start, found.end), found.expression);
  return found?.expression;
}

function position(marked: string) {
  const lines = marked.split('\n');
  const line = lines.findIndex((text) => text.includes('|'));
  const column = lines[line].indexOf('|');
  lines[line] = lines[line].replace('|', '');
  return { lines, line, column };
}

test('a member is found with the variable and the members before it', () => {
  assert.equal(at('return p->next->|x;'), 'p->next->x');
  assert.equal(at('return p->ne|xt->x;'), 'p->next');
  assert.equal(at('return |p->next->x;'), 'p');
  assert.equal(at('x = a[i].|b;'), 'a[i].b');
  assert.equal(at('x = a[|i].b;'), 'i');
  assert.equal(at('x = grid[y + 1][x].cell . |value;'), 'grid[y + 1][x].cell . value');
  assert.equal(at('x = (*p).|size + 1;'), '(*p).size');
  assert.equal(at('x = ((struct page *)p)->|flags;'), '((struct page *)p)->flags');
  assert.equal(at('this->|count++;'), 'this->count');
  assert.equal(at('let y = pair.|0;'), 'pair.0');
  assert.equal(at('self.queue.|len = 3;'), 'self.queue.len');
});

test('a path is found as a whole', () => {
  assert.equal(at('if (n > config::li|mits::MAX) {'), 'config::limits::MAX');
  assert.equal(at('if (n > |config::limits::MAX) {'), 'config::limits::MAX');
  assert.equal(at('if (n > ::li|mit) {'), '::limit');
  assert.equal(at('if n > crate::config::|LIMIT {'), 'config::LIMIT');
  assert.equal(at('sched::current.|pid'), 'sched::current.pid');
  assert.equal(at('Vec::<u8>::|EMPTY'), undefined);
});

test('calls, assignments, keywords and macros are not evaluated', () => {
  for (const text of ['next(p)->|x', 'a[i++].|x', 'a[i = 2].|x', 'a[f(i)].|x', 'table[0](1).|x'])
    assert.equal(at(text), undefined, text);
  assert.equal(at('a[sizeof(x)].|y'), 'a[sizeof(x)].y');
  for (const text of ['|return x;', 'let |mut x = 1;', '|println!("x")', 'x |+ y', 'x = |12;', ' |'])
    assert.equal(at(text), undefined, text);
});

test('comments, strings and directives contain no expressions', () => {
  for (const text of [
    '// see |x',
    'f("|x")',
    '/* |x */ y',
    '/* a\n b |x */',
    '#include <|x>',
    '#define A \\\n |x',
    'r#"a |x"#',
    "c = '|x';",
    "fn f<'|a>() {}",
  ])
    assert.equal(at(text), undefined, text);
  assert.equal(at('/* a */ |x'), 'x');
  assert.equal(at('f("\\"", |x)'), 'x');
  assert.equal(at("if (c == '\"' && |x)"), 'x');
  assert.equal(at('#[repr(C)] struct S; |x'), 'x');
});

test('the time to find an expression does not depend on the length of the file or of a line', () => {
  let read = 0;
  const long = '{ x'.repeat(100_000);
  const lines = (line: number) => (read++, line === 1_000_000 ? 'p->next' : long);
  assert.equal(expressionAt(lines, { line: 1_000_000, column: 4 })?.expression, 'p->next');
  assert.ok(read < 2100);
});

/** The expression for the operand at the character after `|` in a line of assembly. */
function operand(marked: string): string | undefined {
  const { lines, column } = position(marked);
  return operandAt(lines[0], { line: 0, column })?.expression;
}

test('in assembly, registers, CSRs and symbols are found', () => {
  assert.equal(operand('  ld |a0, 8(sp)'), '(void *)$a0');
  assert.equal(operand('  ld a0, 8(|sp)'), '(void *)$sp');
  assert.equal(operand('retry: amoswap.w |t1, t0, (a2) # try'), '(void *)$t1');
  assert.equal(operand('  csrrw zero, |mstatus, t0'), '(void *)$mstatus');
  assert.equal(operand('  csrr |x31, mhartid'), '(void *)$x31');
  assert.equal(operand('  la sp, |__stack_top'), '__stack_top');
  assert.equal(operand('  li a0, 1; mv |a1, a0'), '(void *)$a1');
  assert.equal(operand('  fadd.d |fa0, ft11, fs1'), '$fa0');
});

test('in assembly, mnemonics, labels, directives, numbers and comments have no values', () => {
  for (const text of ['  |ld a0, 8(sp)', '|start: nop', '  .quad |table', '  li a0, |12', 'nop # |a0', 'nop // |a0'])
    assert.equal(operand(text), undefined, text);
  for (const text of ['#define A |a0', '  lui a0, |%hi(x)', '  j 1|f', '  mv \\|rd, a0', ' .ascii "|a0"'])
    assert.equal(operand(text), undefined, text);
  assert.equal(operand('  addi a0, a0, %lo(|x)'), 'x');
});
