/** The dashboard's page: starts the stream and shows it. */
import { render } from 'preact'
import 'uplot/dist/uPlot.min.css'
import { App } from './app.tsx'
import { live } from './live/live.ts'
import './style/base.css'
import './style/page.css'
import './style/lanes.css'
import './style/time.css'
import './style/panel.css'

const page = document.getElementById('page')
if (page !== null) {
  live.start()
  render(<App />, page)
}
