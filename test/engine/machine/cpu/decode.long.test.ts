/** All cases in decode.test.ts pass; `npm test` runs fewer random ones. */
import './decode.test.ts';
