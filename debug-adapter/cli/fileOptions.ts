import { ENTRY_NAMES, limits } from '../engine/index.ts';
import { optionBadValue, optionTwice, subcommandBad } from '../messages/cli.ts';
import { parsePosition, parseSnapshotName } from './quantities.ts';
import type { CommandArguments } from './commandArguments.ts';
import { expected } from '../messages/expected.ts';

/** A command that works on files (overlays, snapshots or recordings) and does not start a machine. */
export type FileCommand = FileCommandKind & {
  /**
   * Files that may be opened as backing files, or folders that may contain backing files, in addition to the files that
   * the command names.
   */
  allow?: string[];
};

type FileCommandKind =
  | { kind: 'overlay create'; overlay: string; base: DiskOption; overwrite: boolean; json: boolean }
  | { kind: 'overlay info' | 'overlay map'; overlay: string; json: boolean }
  | { kind: 'overlay check'; overlay: string; repair: boolean; json: boolean }
  | { kind: 'overlay commit' | 'overlay discard'; overlay: string; confirmed: boolean; json: boolean }
  | { kind: 'overlay rebase'; overlay: string; base: DiskOption; nameOnly: boolean; confirmed: boolean; json: boolean }
  | { kind: 'snapshot list'; file: string; json: boolean }
  | { kind: 'snapshot apply' | 'snapshot delete'; file: string; name: string; confirmed: boolean; json: boolean }
  | { kind: 'snapshot rename'; file: string; name: string; newName: string; confirmed: boolean; json: boolean }
  | DumpCommand
  | { kind: 'identify'; file: string; json: boolean }
  | { kind: 'pack'; rrfile: string; into: string; withBases: boolean; overwrite: boolean; json: boolean }
  | { kind: 'unpack'; pack: string; folder: string; bases: Map<string, string>; overwrite: boolean; json: boolean };

export interface DumpCommand {
  kind: 'dump';
  rrfile: string;
  from: number;
  /** The last position to print, inclusive. */
  to: number;
  /** The kinds of log entries to print; null for all kinds. */
  kinds: readonly string[] | null;
  driveId: string | null;
  json: boolean;
}

interface DiskOption {
  path: string;
  format: limits.DriveFormat;
}

export const FILE_COMMANDS = ['overlay', 'snapshot', 'dump', 'identify', 'pack', 'unpack'] as const;

const OVERLAY_SUBCOMMANDS = ['create', 'info', 'map', 'check', 'commit', 'discard', 'rebase'] as const;
const SNAPSHOT_SUBCOMMANDS = ['list', 'apply', 'rename', 'delete'] as const;

/** Parses the arguments of a file command; undefined if `command` is not a file command. */
export function parseFileCommand(command: string, words: CommandArguments): FileCommand | undefined {
  const work = parseWork(command, words);
  const allow = words.all('allow');
  return work && allow.length > 0 ? { ...work, allow } : work;
}

function parseWork(command: string, words: CommandArguments): FileCommandKind | undefined {
  switch (command) {
    case 'overlay':
      return parseOverlay(words);
    case 'snapshot':
      return parseSnapshot(words);
    case 'dump':
      return parseDump(words);
    case 'identify':
      words.checkOptions('identify', { text: [], repeated: [], flags: ['json'] });
      return { kind: 'identify', file: words.onlyArgument('identify', 'FILE'), json: words.flag('json') };
    case 'pack':
      return parsePack(words);
    case 'unpack':
      return parseUnpack(words);
    default:
      return undefined;
  }
}

function parseOverlay(words: CommandArguments): FileCommandKind {
  const word = oneOf('overlay', words.subcommand(), OVERLAY_SUBCOMMANDS);
  const kind = `overlay ${word}` as const;
  const options = {
    create: { text: ['base', 'format'], flags: ['overwrite', 'json'] },
    info: { text: [], flags: ['json'] },
    map: { text: [], flags: ['json'] },
    check: { text: [], flags: ['repair', 'json'] },
    commit: { text: [], flags: ['yes', 'json'] },
    discard: { text: [], flags: ['yes', 'json'] },
    rebase: { text: ['base', 'format'], flags: ['name-only', 'yes', 'json'] },
  }[word];
  const opensBacking = kind !== 'overlay check' && kind !== 'overlay discard';
  words.checkOptions(kind, { ...options, repeated: opensBacking ? ['allow'] : [] });
  const common = { overlay: words.onlyArgument(kind, 'OVERLAY'), json: words.flag('json') };
  const confirmed = words.flag('yes');
  switch (kind) {
    case 'overlay create':
      return { kind, ...common, base: parseBase(kind, words), overwrite: words.flag('overwrite') };
    case 'overlay check':
      return { kind, ...common, repair: words.flag('repair') };
    case 'overlay commit':
    case 'overlay discard':
      return { kind, ...common, confirmed };
    case 'overlay rebase':
      return { kind, ...common, base: parseBase(kind, words), nameOnly: words.flag('name-only'), confirmed };
    default:
      return { kind, ...common };
  }
}

function parseSnapshot(words: CommandArguments): FileCommandKind {
  const word = oneOf('snapshot', words.subcommand(), SNAPSHOT_SUBCOMMANDS);
  const kind = `snapshot ${word}` as const;
  const flags = kind === 'snapshot list' ? ['json'] : ['yes', 'json'];
  words.checkOptions(kind, { text: [], repeated: [], flags });
  const names = {
    list: ['FILE'],
    apply: ['FILE', 'NAME'],
    delete: ['FILE', 'NAME'],
    rename: ['FILE', 'NAME', 'NEWNAME'],
  };
  const [file, name, newName] = words.namedArguments(kind, names[word]);
  const common = { file, json: words.flag('json') };
  const confirmed = words.flag('yes');
  switch (kind) {
    case 'snapshot list':
      return { kind, ...common };
    case 'snapshot rename':
      return { kind, ...common, name, newName: parseSnapshotName('NEWNAME', newName), confirmed };
    default:
      return { kind, ...common, name, confirmed };
  }
}

function parseDump(words: CommandArguments): FileCommandKind {
  words.checkOptions('dump', { text: ['from', 'to', 'kind', 'drive-id'], repeated: [], flags: ['json'] });
  const rrfile = words.onlyArgument('dump', 'RRFILE');
  const position = (name: string, otherwise: number) => {
    const text = words.text(name);
    return text === null ? otherwise : parsePosition(`--${name}`, text);
  };
  const kinds = words.text('kind');
  return {
    kind: 'dump',
    rrfile,
    from: position('from', 0),
    to: position('to', Infinity),
    kinds: kinds === null ? null : parseKinds(kinds),
    driveId: words.text('drive-id'),
    json: words.flag('json'),
  };
}

function parsePack(words: CommandArguments): FileCommandKind {
  words.checkOptions('pack', { text: ['into'], repeated: ['allow'], flags: ['without-bases', 'overwrite', 'json'] });
  return {
    kind: 'pack',
    rrfile: words.onlyArgument('pack', 'RRFILE'),
    into: words.required(words.file('into'), '--into FILE', 'pack'),
    withBases: !words.flag('without-bases'),
    overwrite: words.flag('overwrite'),
    json: words.flag('json'),
  };
}

function parseUnpack(words: CommandArguments): FileCommandKind {
  words.checkOptions('unpack', { text: ['into'], repeated: ['base', 'allow'], flags: ['overwrite', 'json'] });
  const bases = new Map<string, string>();
  for (const text of words.all('base')) {
    const [, drive, file] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (!drive) throw optionBadValue({ option: '--base', value: text, expected: expected.driveBase() });
    if (bases.has(drive)) throw optionTwice(`--base ${drive}=`);
    bases.set(drive, file);
  }
  return {
    kind: 'unpack',
    pack: words.onlyArgument('unpack', 'FILE'),
    folder: words.required(words.file('into'), '--into FOLDER', 'unpack'),
    bases,
    overwrite: words.flag('overwrite'),
    json: words.flag('json'),
  };
}

function oneOf<T extends string>(command: string, given: string | undefined, known: readonly T[]): T {
  const found = known.find((word) => word === given);
  if (!found) throw subcommandBad(command, given, known);
  return found;
}

function parseBase(command: string, words: CommandArguments): DiskOption {
  const path = words.required(words.file('base'), '--base FILE', command);
  const format = words.required(words.text('format'), '--format raw|qcow2', command);
  if (limits.isDriveFormat(format)) return { path, format };
  throw optionBadValue({ option: '--format', value: format, expected: expected.oneOf(limits.DRIVE_FORMATS) });
}

function parseKinds(text: string): string[] {
  return text.split(',').map((word) => {
    const found = ENTRY_NAMES.find((kind) => kind === word);
    if (found) return found;
    throw optionBadValue({ option: '--kind', value: word, expected: expected.someOf(ENTRY_NAMES) });
  });
}
