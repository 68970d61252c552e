expected = [
    {
        "guid": "https://old.example/1",
        "url": "https://old.example/1",
        "title": "Fähre fährt",
        "published": "2026-11-20T06:00:00+00:00",
        "standfirst": "Nach neun Jahren.",
        "language": "de",
        "body": "",
    }
]
