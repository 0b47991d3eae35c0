/** All cases of overlays.test.ts pass; `npm test` runs only a selection of them. */
import './overlays.test.ts';
