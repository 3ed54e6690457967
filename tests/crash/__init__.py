"""What survives what: processes killed, databases killed, clocks moved. Each proof has a control with the protection off."""
