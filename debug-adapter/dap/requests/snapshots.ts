import type { Arguments } from '../arguments.ts';
import type { Overview, SnapshotOverview } from '../customProtocol.ts';
import type { Debuggee } from '../debuggee.ts';
import { positionEventOf } from '../positionEvent.ts';

/** The session's files and snapshots, which the extension shows in its overlays view. */
export function overview(debuggee: Debuggee): Overview {
  const { target: timeline } = debuggee.session;
  const { rrfile, stateFile, drives } = timeline.files();
  const place = positionEventOf(debuggee, debuggee.control.isRunning);
  return { place, rrfile, drives, stateFile, snapshots: timeline.snapshots.list().map(toOverview) };
}

export function takeSnapshot({ session }: Debuggee, args: Arguments): object {
  session.target.snapshots.take(args.text('name'));
  return {};
}

export function renameSnapshot({ session }: Debuggee, args: Arguments): object {
  session.target.snapshots.rename(args.text('name'), args.text('newName'));
  return {};
}

export function deleteSnapshot({ session }: Debuggee, args: Arguments): object {
  session.target.snapshots.delete(args.text('name'));
  return {};
}

type Snapshot = ReturnType<Debuggee['session']['target']['snapshots']['list']>[number];

function toOverview({ name, position, dateMilliseconds, isAutomatic, stateBytes }: Snapshot): SnapshotOverview {
  return { name, position, date: new Date(dateMilliseconds).toISOString(), isAutomatic, stateBytes };
}
