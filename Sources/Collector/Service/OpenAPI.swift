/// What the door says of itself.
func openAPIDocument(_ settings: CollectSettings) -> String { #"{"openapi":"3.1.0"}"# }
