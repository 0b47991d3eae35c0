/** The commands that work on files accept all of their options and report each mistake in them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCommandLine } from '../../debug-adapter/cli/options.ts';
import { words } from './commandLines.ts';

for (const [line, parsed] of [
  [
    'overlay create o.qcow2 --base b.img --format raw',
    {
      kind: 'overlay create',
      overlay: 'o.qcow2',
      base: { path: 'b.img', format: 'raw' },
      overwrite: false,
      json: false,
    },
  ],
  ['overlay map o.qcow2 --json', { kind: 'overlay map', overlay: 'o.qcow2', json: true }],
  ['overlay check --repair o.qcow2', { kind: 'overlay check', overlay: 'o.qcow2', repair: true, json: false }],
  ['overlay commit o.qcow2 --yes', { kind: 'overlay commit', overlay: 'o.qcow2', confirmed: true, json: false }],
  [
    'snapshot rename a.rr one two',
    { kind: 'snapshot rename', file: 'a.rr', name: 'one', newName: 'two', confirmed: false, json: false },
  ],
  [
    'dump a.rr --from 1_000 --kind end,digest',
    { kind: 'dump', rrfile: 'a.rr', from: 1000, to: Infinity, kinds: ['end', 'digest'], driveId: null, json: false },
  ],
  [
    'unpack p --into d --base hd0=a=b --base hd1=c',
    {
      ...{ kind: 'unpack', pack: 'p', folder: 'd', overwrite: false, json: false },
      bases: new Map([
        ['hd0', 'a=b'],
        ['hd1', 'c'],
      ]),
    },
  ],
] as const) {
  test(`blkreplay ${line}`, () => assert.deepEqual(parseCommandLine(words(line)), parsed));
}

for (const [line, says] of [
  ['overlay', /^overlay needs a subcommand: expected create, info/],
  ['overlay grow o.qcow2', /^Unknown command "overlay grow": expected overlay create/],
  ['overlay create o.qcow2 --base b.img', /^overlay create needs --format raw\|qcow2/],
  ['overlay create o.qcow2 --base b.img --format vmdk', /^Invalid value "vmdk" for --format: expected raw or qcow2/],
  ['overlay info', /^overlay info needs OVERLAY\. Usage: blkreplay overlay info OVERLAY/],
  ['overlay info a b', /^Unexpected argument "b" for overlay info\./],
  ['overlay map o.qcow2 --yes', /^overlay map has no option --yes\./],
  ['snapshot rename a.rr one', /^snapshot rename needs NEWNAME\. Usage: blkreplay snapshot rename FILE NAME NEWNAME/],
  ['pack a.rr', /^pack needs --into FILE/],
  ['unpack p --into d --base hd0', /^Invalid value "hd0" for --base: expected DRIVE=FILE/],
  ['unpack p --into d --base hd0=a --base hd0=b', /^--base hd0= was given twice/],
] as const) {
  test(`mistake: ${line}`, () => {
    assert.throws(
      () => parseCommandLine(words(line)),
      (error) => error instanceof Error && says.test(error.message),
    );
  });
}
