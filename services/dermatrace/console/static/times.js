// The server says every moment in UTC; people read it by the clock on their own wall.

const PARTS = {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false,
};

export function localTime(moment) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", PARTS).formatToParts(moment).map((part) => [part.type, part.value]),
  );
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`;
}

export function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    time.title = `${time.dateTime.replace("T", " ").replace("+00:00", "")} UTC`;
    time.textContent = localTime(moment);
  }
}
