import type { Arguments } from '../arguments.ts';
import type { Overview, SnapshotOverview, TakeSnapshotResponse } from '../customProtocol.ts';
import type { Debuggee } from '../debuggee.ts';
import { positionEventOf } from '../positionEvent.ts';

/** The session's files and snapshots, which the extension shows in its overlays view. */
export function overview(debuggee: Debuggee): Overview {
  const { target: timeline } = debuggee.session;
  const { rrfile, stateFile, drives } = timeline.files();
  const deletedSnapshots = timeline.snapshots.deletedCount();
  const place = positionEventOf(debuggee, debuggee.control.isRunning);
  return { place, rrfile, drives, stateFile, snapshots: timeline.snapshots.list().map(toOverview), deletedSnapshots };
}

export function takeSnapshot({ session }: Debuggee, args: Arguments): TakeSnapshotResponse {
  const { id } = session.target.snapshots.take(args.text('name'));
  return { id };
}

export function renameSnapshot(debuggee: Debuggee, args: Arguments): object {
  debuggee.session.target.snapshots.rename(snapshotId(debuggee, args), args.text('newName'));
  return {};
}

export function deleteSnapshot(debuggee: Debuggee, args: Arguments): object {
  debuggee.session.target.snapshots.delete(snapshotId(debuggee, args));
  return {};
}

const snapshotId = ({ session }: Debuggee, args: Arguments): string =>
  args.optionalText('id') ?? session.target.snapshots.named(args.text('name')).id;

type Snapshot = ReturnType<Debuggee['session']['target']['snapshots']['list']>[number];

function toOverview({ id, name, position, dateMilliseconds, isAutomatic, stateBytes }: Snapshot): SnapshotOverview {
  return { id, name, position, date: new Date(dateMilliseconds).toISOString(), isAutomatic, stateBytes };
}
