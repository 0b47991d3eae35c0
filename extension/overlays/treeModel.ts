import type { DriveOverview, Overview, SnapshotOverview } from '../../debug-adapter/dap/customProtocol.ts';
import { formatPosition } from '../timeline/positionText.ts';
import { viewTexts } from '../../debug-adapter/messages/extension.ts';
import { textFor } from '../../debug-adapter/messages/userError.ts';

/** An item in the overlays view. */
export interface TreeNode {
  /** A stable ID, so that the editor remembers which items are collapsed. */
  id: string;
  label: string;
  description: string;
  tooltip: string;
  /** The name of a codicon. */
  icon: string;
  /** The item's context value, `kind` or `kind.owner.sort`, which the `when` clauses of menus test. */
  context: string;
  children: TreeNode[];
  /** The children are loaded when the item is expanded. */
  isLazy?: boolean;
  fold: 'open' | 'closed';
  /** The session or recording, and the snapshot or file, that commands for this item apply to. */
  owner: Owner;
  snapshot?: SnapshotOverview;
  file?: string;
}

/** The source of an overview: a running session or a recording on disk. */
export type Owner = { kind: 'session'; sessionId: string } | { kind: 'recording'; rrfile: string };

/** Formats values for display. */
export interface Formatters {
  date: (iso: string) => string;
  /** A short name for a file, relative to a folder if possible. */
  file: (path: string) => string;
}

/**
 * A session's tree in the overlays view, as plain values. It contains the drives with their backing chains, and the
 * snapshots in order of position, with the machine's current position among them. `recordingContents` returns the
 * corresponding tree for a recording on disk.
 */
export function sessionTree(
  overview: Overview,
  session: { id: string; name: string },
  formatters: Formatters,
): TreeNode {
  const owner: Owner = { kind: 'session', sessionId: session.id };
  const file = overview.rrfile ? formatters.file(overview.rrfile) : viewTexts.notRecorded();
  return {
    ...{ id: session.id, owner, label: session.name, context: 'session', icon: 'debug-alt', fold: 'open' },
    description: `${overview.place.rr} · ${file}`,
    tooltip: overview.rrfile ?? file,
    file: overview.rrfile ?? undefined,
    children: contents(overview, owner, session.id, formatters),
  };
}

/** The item for a recording on disk. The contents of the recording are read only when the item is expanded. */
export function recordingNode(
  rrfile: string,
  details: { bytes: number; date: string },
  formatters: Formatters,
): TreeNode {
  const owner: Owner = { kind: 'recording', rrfile };
  const node = { id: rrfile, owner, label: formatters.file(rrfile), tooltip: rrfile, file: rrfile, children: [] };
  const description = `${formatBytes(details.bytes)} · ${formatters.date(details.date)}`;
  return { ...node, description, icon: 'history', context: 'recording', isLazy: true, fold: 'closed' };
}

export function recordingContents(overview: Overview, rrfile: string, formatters: Formatters): TreeNode[] {
  const owner: Owner = { kind: 'recording', rrfile };
  return [endNode(overview, owner, rrfile), ...contents(overview, owner, rrfile, formatters)];
}

/** An item that shows the reason why a recording cannot be read. */
export function problemNode(rrfile: string, why: string): TreeNode {
  const node = { id: `${rrfile}\nproblem`, owner: { kind: 'recording' as const, rrfile }, label: why, tooltip: why };
  return { ...node, description: '', icon: 'warning', context: 'problem', children: [], fold: 'closed' };
}

function contents(overview: Overview, owner: Owner, parent: string, formatters: Formatters): TreeNode[] {
  return [
    ...overview.drives.map((drive) => driveNode(drive, owner, parent, formatters)),
    ...(overview.stateFile ? [stateNode(overview.stateFile, owner, parent, formatters)] : []),
    ...snapshotNodes(overview, owner, parent, formatters),
    ...(overview.deletedSnapshots > 0 ? [deletedNode(overview.deletedSnapshots, owner, parent)] : []),
  ];
}

function endNode({ place }: Overview, owner: Owner, parent: string): TreeNode {
  const description = viewTexts.positionRange(formatPosition(place.start), formatPosition(place.end));
  const node = { id: `${parent}\nend`, owner, label: viewTexts.positions(), description, tooltip: '', children: [] };
  return { ...node, icon: 'milestone', context: 'positions', fold: 'closed' };
}

function driveNode(drive: DriveOverview, owner: Owner, parent: string, formatters: Formatters): TreeNode {
  const id = `${parent}\ndrive ${drive.id}`;
  const how = drive.isReadOnly
    ? viewTexts.readOnly()
    : drive.isTemporary
      ? viewTexts.temporaryOverlay()
      : viewTexts.overlay();
  const top = drive.chain[0];
  return {
    ...{ id, owner, label: drive.id, context: 'drive', icon: 'database', fold: 'closed' },
    description: drive.isReadOnly || drive.isTemporary || !top ? how : viewTexts.overlayFile(formatters.file(top.file)),
    tooltip: drive.isTemporary ? viewTexts.temporaryOverlayTooltip() : viewTexts.driveTooltip(drive.id, how),
    children: drive.chain.map((one, i) => ({
      ...{ id: `${id}\n${one.file}`, owner, label: formatters.file(one.file), context: 'file', fold: 'closed' },
      ...fileText(one, i === drive.chain.length - 1),
      ...{ children: [], file: one.file },
    })),
  };
}

/** The text for a file in a backing chain. If the file cannot be opened, the text gives the reason. */
function fileText({ file, format, fileBytes, virtualBytes, problem }: ChainFile, isLast: boolean) {
  if (problem) {
    const why = textFor(problem, 'editor');
    return { icon: 'warning', description: why, tooltip: viewTexts.problemTooltip(file, why) };
  }
  const [fileSize, diskSize] = [formatBytes(fileBytes), formatBytes(virtualBytes)];
  return {
    icon: 'file',
    description: isLast ? viewTexts.base(format, fileSize) : viewTexts.file(format, fileSize),
    tooltip: viewTexts.fileTooltip({ file, format, fileSize, diskSize }),
  };
}

type ChainFile = DriveOverview['chain'][number];

function stateNode(file: string, owner: Owner, parent: string, formatters: Formatters): TreeNode {
  const node = { id: `${parent}\nstate`, owner, label: formatters.file(file), context: 'file', children: [], file };
  return {
    ...node,
    description: viewTexts.snapshotFile(),
    tooltip: viewTexts.snapshotFileTooltip(file),
    icon: 'file',
    fold: 'closed',
  };
}

function snapshotNodes(
  { snapshots, place }: Overview,
  owner: Owner,
  parent: string,
  formatters: Formatters,
): TreeNode[] {
  const nodes = [...snapshots]
    .sort((a, b) => a.position - b.position)
    .map((snapshot) => snapshotNode(snapshot, owner, parent, formatters));
  if (owner.kind === 'recording') return nodes;
  const at = nodes.findIndex(({ snapshot }) => snapshot!.position > place.position);
  return nodes.toSpliced(at < 0 ? nodes.length : at, 0, positionNode(place.position, owner, parent));
}

/** The name of an automatic snapshot contains its position, so the position is not shown again. */
function snapshotNode(snapshot: SnapshotOverview, owner: Owner, parent: string, formatters: Formatters): TreeNode {
  const { id, name, position, date, isAutomatic, stateBytes } = snapshot;
  const when = [...(date ? [formatters.date(date)] : []), ...(stateBytes > 0 ? [formatBytes(stateBytes)] : [])];
  return {
    ...{ id: `${parent}\nsnapshot ${id}`, owner, snapshot, children: [], fold: 'closed' },
    label: isAutomatic ? formatPosition(position) : name,
    description: [isAutomatic ? viewTexts.automatic() : formatPosition(position), ...when].join(' · '),
    tooltip: viewTexts.snapshotTooltip(name, formatPosition(position)),
    icon: isAutomatic ? 'circle-small' : 'device-camera',
    context: `snapshot.${owner.kind}.${isAutomatic ? 'automatic' : 'named'}`,
  };
}

/** An item that explains why automatic snapshots are far apart. */
function deletedNode(count: number, owner: Owner, parent: string): TreeNode {
  const label = viewTexts.deletedSnapshots(count);
  const node = { id: `${parent}\ndeleted`, owner, label, description: '', children: [] };
  return { ...node, tooltip: viewTexts.deletedSnapshotsTooltip(), icon: 'info', context: 'deleted', fold: 'closed' };
}

function positionNode(position: number, owner: Owner, parent: string): TreeNode {
  return {
    ...{ id: `${parent}\nplace`, owner, label: viewTexts.here(), children: [], fold: 'closed' },
    description: formatPosition(position),
    tooltip: viewTexts.hereTooltip(formatPosition(position)),
    icon: 'debug-stackframe',
    context: 'place',
  };
}

/** What a screen reader reads for an item: its kind, label and description. */
export function accessibleName({ context, label, description }: TreeNode): string {
  const kind = viewTexts.kinds[context as keyof typeof viewTexts.kinds];
  const name = kind ? `${kind} ${label}` : label;
  return [name, ...description.split(' · ')].filter((part) => part !== '').join(', ');
}

export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const unit = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * unit);
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`;
}
