/** C++ and Rust functions have the same qualified names as in gdb's backtraces, and their variables are in scope. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FunctionInfo, Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { fixture, open } from './support/fixtures.ts';

test('C++ functions have qualified names', () => {
  const names = namesOfFunctions(open(fixture('names/names-cpp')));
  const expected = [
    'main',
    'takes',
    'f',
    'ns::f',
    'ns::v1::g',
    '(anonymous namespace)::hidden',
    '(anonymous namespace)::deep::level',
    'ns::Box::Box',
    'ns::Box::~Box',
    'ns::Box::area',
    'ns::Box::operator bool',
    'ns::Box::operator<',
    'ns::Box::operator()',
    'ns::Box::Inner::go',
    'ns::Box::converted<int>',
    'largest<int>',
    'largest<unsigned long>',
    'List<int, 3>::size',
    'Both::left',
    'Both::right',
  ];
  for (const name of expected) assert.ok(names.has(name), `${name} is missing from ${[...names].join(', ')}`);
});

test('Rust methods, trait implementations, closures and generic functions have qualified names', () => {
  const names = namesOfFunctions(open(fixture('names/names-rust')));
  const expected = [
    'names::main',
    'names::Point::shift',
    'names::{impl#1}::area',
    'names::Area::twice<names::Point>',
    'names::deep::er::level',
    'names::Pair<i64>::first<i64>',
    'names::Pair<u8>::first<u8>',
    'names::apply<names::main::{closure_env#0}>',
    'names::main::{closure#0}',
  ];
  for (const name of expected) assert.ok(names.has(name), `${name} is missing from ${[...names].join(', ')}`);
});

test('inlined calls and scopes have qualified names, and the variables of methods are in scope', () => {
  const symbols = open(fixture('names/names-cpp'));
  const code = symbols.code.flatMap(({ address, sizeBytes }) => [address, address + sizeBytes]);
  const inlined = new Set<string>();
  for (let pc = code[0]; pc < code[1]; pc += 2n) for (const { name } of symbols.inlinedAt(pc)) inlined.add(name);
  assert.deepEqual([...inlined], ['inlined']);
  const [area] = functionsOf(symbols).filter(({ name }) => name === 'ns::Box::area');
  const [scope] = symbols.scopesAt(area.low);
  assert.equal(scope.functionName, 'ns::Box::area');
  assert.deepEqual(
    scope.variables.map(({ name }) => name),
    ['this'],
  );
  const rust = open(fixture('names/names-rust'));
  const [shift] = functionsOf(rust).filter(({ name }) => name === 'names::Point::shift');
  assert.deepEqual(
    rust.scopesAt(shift.low).flatMap(({ variables }) => variables.map(({ name }) => name)),
    ['self', 'by'],
  );
});

test('in stack frames, names that gdb cannot split and names from the symbol table include the parameters', () => {
  const frameNames = new Map(functionsOf(open(fixture('names/names-cpp'))).map((each) => [each.name, each.frameName]));
  assert.equal(frameNames.get('non-virtual thunk to Both::right'), 'non-virtual thunk to Both::right()');
  assert.equal(frameNames.get('ns::Box::area'), undefined);
  const stripped = functionsOf(open(fixture('names/stripped-cpp'))).map(({ frameName }) => frameName);
  for (const expected of ['ns::Box::area() const', 'main::{lambda(int)#1}::operator()(int) const'])
    assert.ok(stripped.includes(expected), `${expected} is missing from ${stripped.join(', ')}`);
});

/** Returns the functions that are found by looking up every code address. */
function functionsOf(symbols: Symbols): FunctionInfo[] {
  const found = new Map<bigint, FunctionInfo>();
  for (const { address, sizeBytes } of symbols.code) {
    for (let pc = address; pc < address + sizeBytes; pc += 2n) {
      const info = symbols.functionAt(pc);
      if (info) found.set(info.low, info);
    }
  }
  return [...found.values()];
}

const namesOfFunctions = (symbols: Symbols) => new Set(functionsOf(symbols).map(({ name }) => name));
