/** Every problem with a recording or with the files of the host is reported with its cause, location and remedy. */
import { hostRows } from './every/hostRows.ts';
import { recordingRows } from './every/recordingRows.ts';
import { testRows } from './every/rows.ts';

testRows('recordings', recordingRows);
testRows('files of the host', hostRows);
