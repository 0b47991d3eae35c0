import assert from 'node:assert/strict';
import type { Value } from '../../../../debug-adapter/engine/symbols/index.ts';

/** Returns the leaf values inside a value: those without members, and pointers, whose targets are left out. */
export function leavesOf(value: Value): Value[] {
  const isPointer = value.memoryReference !== value.lvalue?.address || value.typeName.includes('*');
  if (value.childCount === 0 || (isPointer && !value.typeName.endsWith(']'))) return [value];
  return value.children().flatMap(leavesOf);
}

/**
 * Compares a value with the text that gdb prints. Floating-point numbers may differ slightly, because gdb prints more
 * digits.
 */
export function assertSame(leaf: Value, answer: string): void {
  const theirs = answer.replace(/^\$\d+ = /, '').replace(/^\(.*?\) (?=0x)/, '');
  const [ours, expected] = [leaf.text, theirs];
  if (/^-?[\d.]+(e[-+]\d+)?$/.test(ours) && /[.e]/.test(ours)) {
    assert.ok(
      Number(ours) === Number(expected) || Math.abs(Number(ours) - Number(expected)) <= Math.abs(Number(ours)) * 1e-7,
      `${leaf.expression}: ${answer}`,
    );
  } else if (leaf.typeName.startsWith('u8 *') || leaf.typeName.startsWith('volatile u8 *')) {
    assert.equal(ours, expected.replace(/ ".*/, ''));
  } else assert.equal(ours, expected, leaf.expression);
}
