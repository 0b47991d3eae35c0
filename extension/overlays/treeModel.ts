import type { DriveOverview, Overview, SnapshotOverview } from '../../debug-adapter/dap/customProtocol.ts';
import { showPosition } from '../timeline/positionText.ts';

/**
 * The overlay view as a tree of plain values: for each session and each recording its drives with their chains of files,
 * and its snapshots in order of position, with the place where the machine stands among them.
 */
export interface TreeNode {
  /** Stable, so that the editor keeps what is folded. */
  id: string;
  label: string;
  description: string;
  tooltip: string;
  /** Name of a codicon. */
  icon: string;
  /** `kind` or `kind.owner.sort`, which menus ask for. */
  context: string;
  children: TreeNode[];
  /** Children are asked for when the line is unfolded. */
  isLazy?: boolean;
  fold: 'open' | 'closed';
  /** What commands act on. */
  owner: Owner;
  snapshot?: SnapshotOverview;
  file?: string;
}

/** Whose overview it is: a running session's, or that of a recording on disk. */
export type Owner = { kind: 'session'; sessionId: string } | { kind: 'recording'; rrfile: string };

/** Said by the editor in the user's ways. */
export interface Shown {
  date: (iso: string) => string;
  /** A file as short as it can be said. */
  file: (path: string) => string;
}

export function sessionTree(overview: Overview, session: { id: string; name: string }, shown: Shown): TreeNode {
  const owner: Owner = { kind: 'session', sessionId: session.id };
  const file = overview.rrfile ? shown.file(overview.rrfile) : 'nothing is recorded';
  return {
    ...{ id: session.id, owner, label: session.name, context: 'session', icon: 'debug-alt', fold: 'open' },
    description: `${overview.place.rr} · ${file}`,
    tooltip: overview.rrfile ?? file,
    file: overview.rrfile ?? undefined,
    children: contents(overview, owner, session.id, shown),
  };
}

/** A recording on disk; to know more it must be read, which is done when it is unfolded. */
export function recordingNode(rrfile: string, about: { bytes: number; date: string }, shown: Shown): TreeNode {
  const owner: Owner = { kind: 'recording', rrfile };
  const node = { id: rrfile, owner, label: shown.file(rrfile), tooltip: rrfile, file: rrfile, children: [] };
  const description = `${showBytes(about.bytes)} · ${shown.date(about.date)}`;
  return { ...node, description, icon: 'history', context: 'recording', isLazy: true, fold: 'closed' };
}

export function recordingContents(overview: Overview, rrfile: string, shown: Shown): TreeNode[] {
  const owner: Owner = { kind: 'recording', rrfile };
  return [endNode(overview, owner, rrfile), ...contents(overview, owner, rrfile, shown)];
}

/** A recording that cannot be read says why. */
export function problemNode(rrfile: string, why: string): TreeNode {
  const node = { id: `${rrfile}\nproblem`, owner: { kind: 'recording' as const, rrfile }, label: why, tooltip: why };
  return { ...node, description: '', icon: 'warning', context: 'problem', children: [], fold: 'closed' };
}

function contents(overview: Overview, owner: Owner, parent: string, shown: Shown): TreeNode[] {
  return [
    ...overview.drives.map((drive) => driveNode(drive, owner, parent, shown)),
    ...(overview.stateFile ? [stateNode(overview.stateFile, owner, parent, shown)] : []),
    ...snapshotNodes(overview, owner, parent, shown),
  ];
}

function endNode({ place }: Overview, owner: Owner, parent: string): TreeNode {
  const description = `${showPosition(place.start)} to ${showPosition(place.end)}`;
  const node = { id: `${parent}\nend`, owner, label: 'positions', description, tooltip: '', children: [] };
  return { ...node, icon: 'milestone', context: 'positions', fold: 'closed' };
}

function driveNode(drive: DriveOverview, owner: Owner, parent: string, shown: Shown): TreeNode {
  const id = `${parent}\ndrive ${drive.id}`;
  const how = drive.isReadOnly ? 'read-only' : drive.isTemporary ? 'temporary overlay' : 'overlay';
  const top = drive.chain[0];
  return {
    ...{ id, owner, label: drive.id, context: 'drive', icon: 'database', fold: 'closed' },
    description: drive.isReadOnly || drive.isTemporary || !top ? how : `${how} ${shown.file(top.file)}`,
    tooltip: drive.isTemporary ? 'What the guest writes goes when the session ends.' : `Drive ${drive.id}, ${how}`,
    children: drive.chain.map((one, i) => ({
      ...{ id: `${id}\n${one.file}`, owner, label: shown.file(one.file), context: 'file', fold: 'closed' },
      ...fileWords(one, i === drive.chain.length - 1),
      ...{ children: [], file: one.file },
    })),
  };
}

/** What stands in for a file's size when it is not there is why. */
function fileWords({ file, format, fileBytes, virtualBytes, problem }: ChainFile, isLast: boolean) {
  if (problem) return { icon: 'warning', description: problem.message, tooltip: `${file}\n${problem.message}` };
  return {
    icon: 'file',
    description: `${isLast ? 'base · ' : ''}${format} · ${showBytes(fileBytes)}`,
    tooltip: `${file}\n${format}, ${showBytes(fileBytes)} for a disk of ${showBytes(virtualBytes)}`,
  };
}

type ChainFile = DriveOverview['chain'][number];

function stateNode(file: string, owner: Owner, parent: string, shown: Shown): TreeNode {
  const node = { id: `${parent}\nstate`, owner, label: shown.file(file), context: 'file', children: [], file };
  return { ...node, description: 'snapshots', tooltip: `${file}\nkeeps the snapshots`, icon: 'file', fold: 'closed' };
}

function snapshotNodes({ snapshots, place }: Overview, owner: Owner, parent: string, shown: Shown): TreeNode[] {
  const nodes = [...snapshots]
    .sort((a, b) => a.position - b.position)
    .map((snapshot) => snapshotNode(snapshot, owner, parent, shown));
  if (owner.kind === 'recording') return nodes;
  const at = nodes.findIndex(({ snapshot }) => snapshot!.position > place.position);
  return nodes.toSpliced(at < 0 ? nodes.length : at, 0, placeNode(place.position, owner, parent));
}

/** A name that is only a position is not said twice. */
function snapshotNode(snapshot: SnapshotOverview, owner: Owner, parent: string, shown: Shown): TreeNode {
  const { name, position, date, isAutomatic, stateBytes } = snapshot;
  const when = [...(date ? [shown.date(date)] : []), ...(stateBytes > 0 ? [showBytes(stateBytes)] : [])];
  return {
    ...{ id: `${parent}\nsnapshot ${name}`, owner, snapshot, children: [], fold: 'closed' },
    label: isAutomatic ? showPosition(position) : name,
    description: [isAutomatic ? 'automatic' : showPosition(position), ...when].join(' · '),
    tooltip: `Snapshot ${name} at position ${showPosition(position)}`,
    icon: isAutomatic ? 'circle-small' : 'device-camera',
    context: `snapshot.${owner.kind}.${isAutomatic ? 'automatic' : 'named'}`,
  };
}

function placeNode(position: number, owner: Owner, parent: string): TreeNode {
  return {
    ...{ id: `${parent}\nplace`, owner, label: 'You are here', children: [], fold: 'closed' },
    description: showPosition(position),
    tooltip: `The machine stands at position ${showPosition(position)}`,
    icon: 'debug-stackframe',
    context: 'place',
  };
}

export function showBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const unit = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * unit);
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`;
}
