"""What python3-caldav does with an agenda, step by step. It stops at the first that is not as it should."""

import sys
from datetime import datetime, timedelta, timezone

import caldav

url, login, password, colleague = sys.argv[1:]


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got!r}, want {want!r}")


def event(uid, start, title, *more):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//FR", "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z",
             f"DTSTART:{start}", "DURATION:PT1H", f"SUMMARY:{title}", *more, "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(lines)


client = caldav.DAVClient(url, username=login, password=password)
principal = client.principal()
check("the kind of server", (client.check_cdav_support(), client.check_scheduling_support()), (True, True))
check("her address", [a for a in principal.calendar_user_address_set() if a.startswith("mailto:")], [f"mailto:{login}"])
own = next(c for c in principal.calendars() if c.url.path.endswith("/personal/"))

one = own.save_event(event("one", "20261201T090000Z", "Budget"))
own.save_event(event("weekly", "20261201T130000Z", "Point", "RRULE:FREQ=WEEKLY;COUNT=4"))
week = own.date_search(datetime(2026, 12, 7, tzinfo=timezone.utc), datetime(2026, 12, 14, tzinfo=timezone.utc), expand=True)
check("a week, expanded", [e.icalendar_component["SUMMARY"] for e in week], ["Point"])
check("its start", week[0].icalendar_component["DTSTART"].dt, datetime(2026, 12, 8, 13, tzinfo=timezone.utc))

gone = own.save_event(event("gone", "20261202T090000Z", "Parti"))
synced = own.objects_by_sync_token(load_objects=True)
check("all at the first time", len(list(synced)), 3)
one.icalendar_component["SUMMARY"] = "Budget, premier tour"
one.save()
gone.delete()
updated, deleted = synced.sync()
check("what changed", ([e.icalendar_component["SUMMARY"] for e in updated], len(deleted)), (["Budget, premier tour"], 1))
check("found by uid", own.event_by_uid("one").icalendar_component["SUMMARY"], "Budget, premier tour")

task = own.save_todo(summary="Relire", due=datetime(2026, 12, 3, tzinfo=timezone.utc))
check("tasks to do", len(own.todos()), 1)
task.complete()
check("tasks left", (len(own.todos()), len(own.todos(include_completed=True))), (0, 1))
own.save_journal(summary="Compte rendu")
check("notes", len(own.journals()), 1)

made = principal.make_calendar(name="Élections")
check("a new calendar", made.get_property(caldav.elements.dav.DisplayName()), "Élections")
made.set_properties([caldav.elements.dav.DisplayName("Élections 2027")])
check("its name", made.get_property(caldav.elements.dav.DisplayName()), "Élections 2027")
made.delete()
check("calendars", [c.name for c in principal.calendars() if c.name and c.name.startswith("Élections")], [])

busy = own.freebusy_request(datetime(2026, 12, 1, tzinfo=timezone.utc), datetime(2026, 12, 2, tzinfo=timezone.utc))
check("busy times", [str(p) for c in busy.vobject_instance.contents["vfreebusy"] for p in c.contents.get("freebusy", [])] != [], True)
invited = own.save_with_invites(event("meeting", "20261203T090000Z", "Réunion", f"ORGANIZER:mailto:{login}"), [principal, f"mailto:{colleague}"])
invited.load()
told = [a.params.get("SCHEDULE-STATUS") for a in invited.icalendar_component["ATTENDEE"] if str(a).endswith(colleague)]
check("the invitation", told, ["1.2"])
print("done")
