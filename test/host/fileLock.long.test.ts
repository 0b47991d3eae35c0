/** All cases in fileLock.test.ts pass; `npm test` runs only a selection of them. */
import './fileLock.test.ts';
