import { cli, DEMO, onRecording } from './cli.ts';
import type { Row } from './rows.ts';

const drives = (count: number, slot = '') =>
  Array.from({ length: count }, (_, i) => `--drive id=hd${i},image=disk.img,format=raw${slot}`).join(' ');

/** Errors in command lines. */
export const cliRows: readonly Row[] = [
  {
    message: 'cli/commandMissing',
    provoke: cli(''),
    cause: /^No command was given/,
    where: /command/,
    remedy: /expected run, record, replay, .*See blkreplay --help/,
  },
  {
    message: 'cli/commandUnknown',
    provoke: cli('rewind'),
    cause: /^Unknown command/,
    where: /"rewind"/,
    remedy: /expected run, record/,
  },
  {
    message: 'cli/subcommandBad',
    provoke: cli('overlay grow'),
    cause: /^Unknown command/,
    where: /"overlay grow"/,
    remedy: /expected overlay create, info/,
  },
  {
    message: 'cli/optionUnknown',
    provoke: cli('run --kernal demo.elf'),
    cause: /has no option/,
    where: /--kernal/,
    remedy: /Its options are --kernel, /,
  },
  {
    message: 'cli/optionNeedsValue',
    provoke: cli('run --kernel'),
    cause: /needs a value/,
    where: /^--kernel/,
    remedy: /Write --kernel=VALUE if/,
  },
  {
    message: 'cli/optionTakesNoValue',
    provoke: cli('record --overwrite=yes'),
    cause: /does not accept a value, but "yes" was given/,
    where: /^--overwrite/,
    remedy: /Pass --overwrite without a value\./,
  },
  {
    message: 'cli/optionTwice',
    provoke: cli('run --kernel a --kernel b'),
    cause: /was given twice/,
    where: /^--kernel/,
    remedy: /Pass it only once/,
  },
  {
    message: 'cli/optionRequired',
    provoke: cli('record --kernel demo.elf'),
    cause: /needs/,
    where: /^record .*--rrfile FILE/,
    remedy: /See blkreplay --help/,
  },
  {
    message: 'cli/argumentUnexpected',
    provoke: cli('run demo.elf'),
    cause: /^Unexpected argument/,
    where: /"demo\.elf" for run/,
    remedy: /Pass files with options such as --kernel/,
  },
  {
    message: 'cli/argumentMissing',
    provoke: cli('snapshot rename a.rr one'),
    cause: /needs NEWNAME/,
    where: /^snapshot rename/,
    remedy: /Usage: blkreplay snapshot rename FILE NAME NEWNAME/,
  },
  {
    message: 'cli/optionBadValue',
    provoke: cli('run --kernel demo.elf --memory 100'),
    cause: /^Invalid value "100"/,
    where: /for --memory/,
    remedy: /expected 16M to 2G/,
  },
  {
    message: 'cli/driveBad',
    provoke: cli('run --kernel demo.elf --drive id=hd0,image=x,format=vmdk'),
    cause: /invalid value "vmdk" for format/,
    where: /--drive "id=hd0,image=x,format=vmdk"/,
    remedy: /Expected raw or qcow2/,
  },
  {
    message: 'cli/drivesShare',
    provoke: cli(`run --kernel demo.elf ${drives(2, ',slot=3')}`),
    cause: /both use slot 3/,
    where: /^The drives hd0 and hd1/,
    remedy: /Give each drive its own slot/,
  },
  {
    message: 'cli/driveTwice',
    provoke: cli(`run --kernel demo.elf ${drives(1)} ${drives(1)}`),
    cause: /have the id/,
    where: /"hd0"/,
    remedy: /Give each drive its own id/,
  },
  {
    message: 'cli/tooManyDrives',
    provoke: cli(`run --kernel demo.elf ${drives(9)}`),
    cause: /was given 9 times, but the machine has only 8 free slots/,
    where: /^--drive/,
    remedy: /Leave some drives out/,
  },
  {
    message: 'cli/tooManyLoads',
    provoke: cli(`run ${'--load a.elf '.repeat(33)}`),
    cause: /was given 33 times; at most 32/,
    where: /^--load/,
    remedy: /Leave some files out/,
  },
  {
    message: 'cli/stopBeforeStart',
    provoke: onRecording(`replay ${DEMO} --rrsnapshot later --stop-at 5`),
    cause: /is before position \d+, where this replay starts/,
    where: /^--stop-at 5/,
    remedy: /Pass a later position, or start from an earlier snapshot with --rrsnapshot/,
  },
];
