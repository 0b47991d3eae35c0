/** All cases in protocol.test.ts pass; `npm test` runs only a selection of them. */
import './protocol.test.ts';
