/** Inline values are those of the variables in the current function, up to the line of the stop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { variablesBefore } from '../../extension/editor/variablesBefore.ts';

/** The variables, as `line: text`, for a stop on the line that ends with `<`. */
function shown(source: string): string[] {
  const lines = source.split('\n');
  const stop = lines.findIndex((line) => line.endsWith('<'));
  lines[stop] = lines[stop].slice(0, -1);
  return variablesBefore((line) => lines[line], stop).map(({ line, start, end, text }) => {
    assert.equal(lines[line].slice(start, end), text);
    return `${line}: ${text}`;
  });
}

test('C: parameters and variables of the function are listed once per line, up to the line of the stop', () => {
  const source = `int other(int unrelated) { return unrelated; }
static int sum(const int *list,
               size_t count)
{
  int total = 0; // total is the sum
  for (size_t i = 0; i < count; i++)
    total += list[i];<
  return total * unused;
}`;
  assert.deepEqual(shown(source), [
    '1: list',
    '2: count',
    '4: total',
    '5: i',
    '5: count',
    '6: total',
    '6: list[i]',
    '6: i',
  ]);
});

test('members are shown for the last three lines only', () => {
  const source = `void f(struct a *p) {
  p->x = 1;
  char *names[8], c = p->y[2].z;
  p->next->z = p->x;
  p->lock(p);<
}`;
  assert.deepEqual(shown(source), ['0: p', '2: names', '2: c', '2: p->y[2].z', '3: p->next->z', '3: p->x', '4: p']);
});

test('Rust: a method in an impl block', () => {
  const source = `impl Queue<u8> {
    fn len(&self) -> usize { self.count }
    fn push(&mut self, item: u8) -> Result<(), Error> {
        let at = config::SIZE.min(self.count);
        for slot in old { println!("{}", slot as u32); }
        self.items[at] = item;<
    }
}`;
  assert.deepEqual(shown(source), [
    ...['2: self', '2: item', '2: u8', '2: Error', '3: at', '3: self.count', '4: slot', '4: old', '4: u32'],
    ...['5: self.items[at]', '5: at', '5: item'],
  ]);
});

test('C++: a method in a class in a namespace; the closing brace belongs to the function', () => {
  const source = `namespace kernel {
class Pool {
  int used(int a) { return a; }
  void take(int wanted) {
    left -= wanted;
  }<
};
}`;
  assert.deepEqual(shown(source), ['3: wanted', '4: left', '4: wanted']);
});

test('outside a function, only the line of the stop is used', () => {
  assert.deepEqual(shown('int first = 1;\nint second = first;<'), ['1: second', '1: first']);
});

test('the number of lines read does not depend on the length of the file', () => {
  let read = 0;
  const lines = () => (read++, 'x = p->y;');
  const found = variablesBefore(lines, 1_000_000);
  assert.ok(read < 2100 && found.length < 10);
});
