"""Records what the endpoint forgets after ten minutes in Delta Lake tables, for lazy queries and replays."""

from datafast_nb.history.history import History as History
from datafast_nb.history.history import Info as Info
from datafast_nb.history.recorder import Progress as Progress
from datafast_nb.history.recorder import Recording as Recording
from datafast_nb.history.replay import Replay as Replay
from datafast_nb.history.tables import Checked as Checked
from datafast_nb.history.tables import Rows as Rows
from datafast_nb.history.writer import Appended as Appended
from datafast_nb.history.writer import Forgotten as Forgotten
