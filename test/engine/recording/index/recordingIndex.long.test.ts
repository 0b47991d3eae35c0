/** All cases of recordingIndex.test.ts pass; `npm test` runs a selection. */
import './recordingIndex.test.ts';
